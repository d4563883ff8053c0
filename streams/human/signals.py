"""Finding the signals: the look of each act of one message among the others, and what its person did afterwards."""

from collections.abc import Sequence
from typing import TypeAlias

from streams.human.known import Act, Answer, Arrival
from streams.human.weights import (
    AGENTS,
    ANSWER_MS,
    ANSWERS,
    AT_DELIVERY_MS,
    BURSTS,
    CLICK_LEAD,
    CLICK_MOST,
    SOON_MS,
    WEIGHTS,
    Signal,
)

Signals: TypeAlias = dict[Signal, int]
"""Those that were found, with their decibans; negative: against a person."""


def looks(acts: Sequence[Act], arrivals: Sequence[Arrival]) -> list[Signals]:
    """The signals of each act: what its vendor says, its user agent, its time and its neighbours."""
    arrived_at = _arrived_at(arrivals)
    found: list[Signals] = []
    for act in acts:
        weights = WEIGHTS[act.kind]
        said = _flag(act.machine), AGENTS.get(act.agent), _timing(act.time, arrived_at)
        found.append({signal: weights[signal] for signal in said if signal in weights})
    for place, signal in _bursts(acts):
        found[place][signal] = WEIGHTS[acts[place].kind][signal]
    return found


def _flag(machine: bool | None) -> Signal | None:
    if machine is None:
        return None
    return Signal.VENDOR_MACHINE if machine else Signal.VENDOR_PERSON


def _arrived_at(arrivals: Sequence[Arrival]) -> int | None:
    """When the message was there: delivered, or if nobody says so sent; of several reports the earliest."""
    delivered = [arrival.time for arrival in arrivals if arrival.delivered]
    return min(delivered or [arrival.time for arrival in arrivals], default=None)


def _timing(time: int, arrived_at: int | None) -> Signal | None:
    if arrived_at is None:
        return None
    if time <= arrived_at + AT_DELIVERY_MS:
        return Signal.AT_DELIVERY
    return Signal.SOON if time <= arrived_at + SOON_MS else Signal.LATER


def _bursts(acts: Sequence[Act]) -> list[tuple[int, Signal]]:
    """Acts by their places with the bursts of clicks that they are in the midst of."""
    clicks = sorted({(act.time, act.link) for act in acts if act.kind == "click" and act.link is not None})
    if len({link for _, link in clicks}) < 2:
        return []
    places = sorted(range(len(acts)), key=lambda place: acts[place].time)
    times = [acts[place].time for place in places]
    return [
        (place, burst.signal)
        for burst in BURSTS
        for place, links in zip(places, _links_near(times, clicks, burst.within), strict=True)
        if links >= burst.links
    ]


def _links_near(times: Sequence[int], clicks: Sequence[tuple[int, int]], within: int) -> list[int]:
    """At each of `times`, how many different links were clicked within so many ms. Both sequences are in order."""
    open_: dict[int, int] = {}
    first = last = 0
    found = []
    for time in times:
        while last < len(clicks) and clicks[last][0] <= time + within:
            open_[clicks[last][1]] = open_.get(clicks[last][1], 0) + 1
            last += 1
        while first < last and clicks[first][0] < time - within:
            open_[clicks[first][1]] -= 1
            if not open_[clicks[first][1]]:
                del open_[clicks[first][1]]
            first += 1
        found.append(len(open_))
    return found


def after_clicks(acts: Sequence[Act], odds: Sequence[int]) -> list[int]:
    """For each open what the likeliest click at the same time or later speaks for it, for each click 0, in decibans."""
    found = [0] * len(acts)
    best = -CLICK_LEAD
    if not any(act.kind == "click" for act in acts):
        return found
    for place in sorted(range(len(acts)), key=lambda place: (-acts[place].time, acts[place].kind)):
        if acts[place].kind == "click":
            best = max(best, odds[place])
        else:
            found[place] = min(CLICK_MOST, best + CLICK_LEAD)
    return found


def answered(act: Act, answers: Sequence[Answer]) -> Signals:
    """What the person did within a day of the act."""
    weights = WEIGHTS[act.kind]
    return {
        signal: weights[signal]
        for answer in answers
        if act.time <= answer.time <= act.time + ANSWER_MS
        for signal in (ANSWERS[answer.kind],)
    }
