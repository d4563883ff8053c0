"""Finding the signals: how each act of one message looks among the others, and what its person did afterwards.

Every profile is made anew with each interaction, so this is a hot path: what an act shows by itself is looked up, and
neighbours are looked for only where there are some.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from streams.domain.human.agents import Agent
from streams.domain.human.known import Act, AnswerKind, Kind
from streams.domain.human.weights import (
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

Look: TypeAlias = tuple[Signal, ...]
"""The signals that an act shows by itself and by its neighbours."""

Answered: TypeAlias = Mapping[AnswerKind, Sequence[int]]
"""When each kind of answer came, in order."""


def look(act: Act, arrived_at: int | None) -> Look:
    """What an act shows by itself: what its vendor says, its user agent, and its time. `arrived_at`: see `Known`."""
    timing = None
    if arrived_at is not None:
        after = act.time - arrived_at
        timing = Signal.LATER if after > SOON_MS else Signal.SOON if after > AT_DELIVERY_MS else Signal.AT_DELIVERY
    return _shown(act.kind, act.machine, act.agent, timing)


@lru_cache(maxsize=1_024)
def _shown(kind: Kind, machine: bool | None, agent: Agent, timing: Signal | None) -> Look:
    flag = None if machine is None else Signal.VENDOR_MACHINE if machine else Signal.VENDOR_PERSON
    return tuple(signal for signal in (flag, AGENTS.get(agent), timing) if signal in WEIGHTS[kind])


def looks(acts: Sequence[Act], arrived_at: int | None) -> list[Look]:
    """What each act shows by itself and by the clicks around it. `acts` are all of one message."""
    found = [look(act, arrived_at) for act in acts]
    for place, signal in _bursts(acts):
        found[place] += (signal,)
    return found


def _bursts(acts: Sequence[Act]) -> list[tuple[int, Signal]]:
    """Acts by their places with the bursts of clicks that they are in the midst of."""
    if len({act.link for act in acts if act.link is not None}) < 2:
        return []
    clicks = sorted({(act.time, act.link) for act in acts if act.kind == "click" and act.link is not None})
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
    near: dict[int, int] = {}
    first = last = 0
    found = []
    for time in times:
        while last < len(clicks) and clicks[last][0] <= time + within:
            near[clicks[last][1]] = near.get(clicks[last][1], 0) + 1
            last += 1
        while first < last and clicks[first][0] < time - within:
            near[clicks[first][1]] -= 1
            if not near[clicks[first][1]]:
                del near[clicks[first][1]]
            first += 1
        found.append(len(near))
    return found


def answers_to(act: Act, answered: Answered) -> dict[Signal, int]:
    """What the person did within a day of the act, in decibans."""
    found = {}
    for kind, times in answered.items():
        place = bisect_left(times, act.time)
        if place < len(times) and times[place] <= act.time + ANSWER_MS:
            found[ANSWERS[kind]] = WEIGHTS[act.kind][ANSWERS[kind]]
    return found


def leads(acts: Sequence[Act], odds: Sequence[int]) -> dict[int, int]:
    """What the likeliest click at the same time or later speaks for an open, by the place of that, in decibans.

    `odds`: of each act by its look. Opens without such a click are left out.
    """
    if not any(act.kind == "click" for act in acts):
        return {}
    found = {}
    best = -CLICK_LEAD
    for place in sorted(range(len(acts)), key=lambda place: (-acts[place].time, acts[place].kind)):
        if acts[place].kind == "click":
            best = max(best, odds[place])
        elif best > -CLICK_LEAD:
            found[place] = min(CLICK_MOST, best + CLICK_LEAD)
    return found
