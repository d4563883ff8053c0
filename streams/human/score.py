"""The odds that an act was a person's.

Signals come in three kinds: what speaks against a person, what speaks for one by the look of the act, and what the
person did afterwards. Signals of one kind mostly have one cause (a scanner has a scanner's timing, agent and links), so
of each kind only the strongest counts; these three and the prior are added. Hence evidence for a person can only raise
a probability and evidence against one can only lower it, and a repeat changes nothing.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from streams.human.known import Act, Known
from streams.human.signals import Signals, after_clicks, answered, looks
from streams.human.weights import PRIOR, Signal


class Judgement(Struct, frozen=True):
    """P(human) of an act in thousandths, and every signal that was found with its decibans."""

    milli: int
    signals: Signals

    @property
    def probability(self) -> float:
        """In [0, 1]."""
        return self.milli / 1_000


Expected: TypeAlias = tuple[int, int]
"""Of human opens and of human clicks, in thousandths."""


def judge(act: Act, known: Known) -> Judgement:
    """How likely `act`, which may but need not be among what is `known`, was a person's."""
    return _judged([act], known.about(act))[0]


def expected(known: Known) -> Expected:
    """How many of `known.acts`, each of which counts once, were a person's: the sum of their probabilities."""
    found = {"open": 0, "click": 0}
    for message in known.by_message():
        for act, judgement in zip(message.acts, _of_message(message), strict=True):
            found[act.kind] += judgement.milli
    return found["open"], found["click"]


def _of_message(known: Known) -> list[Judgement]:
    """Of each act; all at once where all may count for each, which is nearly always."""
    if known.is_of_one_week():
        return _judged(known.acts, replace(known, acts=()))
    return [judge(act, known) for act in known.acts]


def _judged(acts: Sequence[Act], known: Known) -> list[Judgement]:
    """One for each of `acts`, of one message; of what else is `known` all may count for each of them."""
    there = [*acts, *known.acts, *known.beside]
    found = looks(there, known.arrivals)
    odds = [_odds(act, signals) for act, signals in zip(there, found, strict=True)]
    clicked = after_clicks(there, odds)
    judged = []
    for act, look, own, lead in zip(acts, found, odds, clicked, strict=False):
        after = answered(act, known.answers)
        if lead > 0:
            after[Signal.CLICKED] = lead
        judged.append(Judgement(milli_of(own + max(after.values(), default=0)), look | after))
    return judged


def _odds(act: Act, look: Signals) -> int:
    """In decibans, by the look of the act alone."""
    if not look:
        return PRIOR[act.kind]
    return PRIOR[act.kind] + min(0, *look.values()) + max(0, *look.values())


@lru_cache(maxsize=256)
def milli_of(decibans: int) -> int:
    """The probability with these odds, in thousandths, half a thousandth rounded up."""
    return int(1_000 / (1 + 10 ** (-decibans / 10)) + 0.5)
