"""Taking interactions into a state. A set of interactions gives one profile, however it is cut, shuffled or repeated.

An interaction that was taken before changes nothing. One that finds the state full is left out, unless it is a
retraction or somebody's no: that has to be heard even when there is no more room for anything else.
"""

from collections.abc import Iterable
from enum import Enum

from streams.contact.codec import encode_fact
from streams.contact.merging import first_copy, in_order
from streams.contact.settling import both, due_at, settle
from streams.contact.state import NEVER, Consent, ContactState, Fact, Report, Retraction

ROOM = 1_048_576
"""Bytes of facts that one contact may have."""

RESERVE = 262_144
"""Bytes beyond `ROOM` for retractions and refusals alone."""

REFUSALS = frozenset({"do_not_contact", "refused", "deceased"})
"""Outcomes of a canvass report after which a person is to be left alone."""


class Outcome(Enum):
    """What became of a fact."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    FULL = "full"


def fold(state: ContactState, facts: Iterable[Fact]) -> tuple[ContactState, list[Outcome]]:
    """`state` with the facts taken in the order given, and what became of each. `state` itself stays as it is."""
    draft = _Draft(state)
    outcomes = [draft.take(fact) for fact in facts]
    return draft.state(), outcomes


class _Draft:
    """A state while it takes facts: copied once, however many there are."""

    __slots__ = ("_clock", "_due", "_facts", "_ordered", "_settled", "_version", "_weight")

    def __init__(self, state: ContactState) -> None:
        self._facts = dict(state.facts)
        self._settled = state.settled
        self._clock = state.clock
        self._due = state.due
        self._weight = state.weight
        self._version = state.version
        self._ordered = True

    def state(self) -> ContactState:
        self._sort()
        return ContactState(self._facts, self._settled, self._clock, self._due, self._weight, self._version)

    def take(self, fact: Fact) -> Outcome:
        self._clock = max(self._clock, fact.appended_at)
        if self._clock >= self._due:
            self._settle()
        known = self._facts.get(fact.key)
        if known is not None:
            self._repeat(known, fact)
            return Outcome.DUPLICATE
        size = len(encode_fact(fact))
        if self._weight + size > _limit(fact):
            return Outcome.FULL
        self._ordered = self._ordered and self._is_latest(fact)
        self._put(fact, size)
        return Outcome.APPLIED

    def _repeat(self, known: Fact, fact: Fact) -> None:
        if fact.appended_at > known.appended_at or fact == known:
            return
        first = first_copy(known, fact)
        self._ordered = False
        self._put(first, len(encode_fact(first)) - len(encode_fact(known)))

    def _put(self, fact: Fact, more: int) -> None:
        self._facts[fact.key] = fact
        self._weight += more
        self._due = min(self._due, due_at(fact))

    def _is_latest(self, fact: Fact) -> bool:
        last = next(reversed(self._facts.values()), None)
        return last is None or last.stamp < fact.stamp

    def _sort(self) -> None:
        if not self._ordered:
            self._facts = in_order(self._facts.values())
            self._ordered = True

    def _settle(self) -> None:
        self._sort()
        leaving, settled = settle(self._facts.values(), self._clock)
        for fact in leaving:
            del self._facts[fact.key]
            self._weight -= len(encode_fact(fact))
        self._settled = both(self._settled, settled)
        self._due = min(map(due_at, self._facts.values()), default=NEVER)


def _limit(fact: Fact) -> int:
    match fact.detail:
        case Retraction() | Consent(granted=False):
            return ROOM + RESERVE
        case Report(outcome=outcome) if outcome in REFUSALS:
            return ROOM + RESERVE
        case _:
            return ROOM
