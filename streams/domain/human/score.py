"""Scores the probability that an open or click was a person's.

Signals come in three kinds: what speaks against a person, what speaks for one by the look of the act, and what the
person did afterwards. Signals of one kind mostly have one cause (a scanner has a scanner's timing, agent and links), so
of each kind only the strongest counts; these three and the prior are added. Hence evidence for a person can only raise
a probability and evidence against one can only lower it, and a repeat changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

from streams.domain.human.known import Act, Kind, Known, grouped
from streams.domain.human.signals import Answered, Look, answers_to, leads, look, looks
from streams.domain.human.weights import PRIOR, WEIGHTS, Signal


class Judgement(Struct, frozen=True):
    """P(human) of an act in thousandths, and every signal that was found with its decibans; negative: against."""

    milli: int
    signals: dict[Signal, int]

    @property
    def probability(self) -> float:
        """In [0, 1]."""
        return self.milli / 1_000


Judged: TypeAlias = tuple[Act, int]
"""An act with its P(human) in thousandths."""

Expected: TypeAlias = tuple[int, int]
"""Of human opens and of human clicks, in thousandths."""


def judge(act: Act, known: Known) -> Judgement:
    """How likely `act`, which may but need not be among what is `known`, was a person's."""
    near = known.about(act)
    there = [act, *near.acts, *near.beside]
    found = looks(there, near.arrived().get(act.message_id))
    after = answers_to(act, near.answered())
    if lead := leads(there, _odds(there, found)).get(0):
        after[Signal.CLICKED] = lead
    signals = {signal: WEIGHTS[act.kind][signal] for signal in found[0]} | after
    return Judgement(milli_of(odds_of(act.kind, found[0]) + max(after.values(), default=0)), signals)


def judge_all(known: Known) -> list[Judged]:
    """Each of `known.acts`, in no order."""
    if known.is_of_one_week():
        return list(_at_once(known))
    return [(act, judge(act, message).milli) for message in known.by_message() for act in message.acts]


def expected(found: Iterable[Judged]) -> Expected:
    """How many of these acts, each of which counts once, were a person's: the sum of their probabilities."""
    opens = clicks = 0
    for act, milli in found:
        if act.kind == "open":
            opens += milli
        else:
            clicks += milli
    return opens, clicks


def _at_once(known: Known) -> Iterator[Judged]:
    """P(human) of each act where all that is known may count for each of them, which is nearly always so."""
    arrived, answered, beside = known.arrived(), known.answered(), grouped(known.beside)
    for name, acts in grouped(known.acts).items():
        yield from judge_message(acts, arrived.get(name), answered, beside.get(name, ()))


def judge_message(
    acts: Sequence[Act], arrived_at: int | None, answered: Answered, beside: Sequence[Act] = ()
) -> Iterator[Judged]:
    """P(human) of each act of one message where all that is known of it may count for each of them.

    `arrived_at`, `answered`: as `Known.arrived` and `Known.answered` have them; answers before the first act may be
    left out.
    """
    if len(acts) == 1 and not beside:
        odds, lead = [odds_of(acts[0].kind, look(acts[0], arrived_at))], {}
    else:
        there = [*acts, *beside]
        odds = _odds(there, looks(there, arrived_at))
        lead = leads(there, odds)
    for place, act in enumerate(acts):
        after = lead.get(place, 0)
        if answered:
            after = max(after, 0, *answers_to(act, answered).values())
        yield act, milli_of(odds[place] + after)


def _odds(acts: Sequence[Act], found: Sequence[Look]) -> list[int]:
    return [odds_of(act.kind, seen) for act, seen in zip(acts, found, strict=True)]


@lru_cache(maxsize=4_096)
def odds_of(kind: Kind, look: Look) -> int:
    """In decibans, by the look of an act alone."""
    weights = [0, *(WEIGHTS[kind][signal] for signal in look)]
    return PRIOR[kind] + min(weights) + max(weights)


@lru_cache(maxsize=256)
def milli_of(decibans: int) -> int:
    """The probability with these odds, in thousandths, half a thousandth rounded up."""
    return int(1_000 / (1 + 10 ** (-decibans / 10)) + 0.5)
