"""A contact's whole history folded as the stream folds it, chunk by chunk, but at once: pure, and equal to the stream.

A chunk of a worker ends anywhere, and what a contact's state is in the end does not depend on where.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from streams.domain.contact import ContactState, FoldOutcome, fold
from streams.domain.contact.facts.command_details import COMMANDS, Erase
from streams.domain.contact.identity.identity_assignment import is_by_itself, may_be_anew
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.publication.change_events import FragmentStep, announce
from streams.domain.contact.publication.suppressed_channels import may_close
from streams.domain.contact.state import Fact


class Lived(NamedTuple):
    """A contact's state at the end, and what became of its interactions."""

    state: ContactState
    outcomes: Counter[FoldOutcome]


_NOTHING = ContactState()


def lived(contact_id: str, facts: Sequence[Fact], before: ContactState = _NOTHING, *, begun: bool = False) -> Lived:
    """`before` with `facts` taken in, which are in the order in which they came.

    What other agents tell of a contact is not in its interactions: links to other fragments, parts of them, and
    erasures by one of them. Whoever knows of an erasure begins with a state of which it is known. The version counts
    announcements, of which there are fewer than in the stream; `given` stays as it was, since nothing is counted here.
    `begun`: as `fold` has it.
    """
    left = facts[_forgotten(before.place, facts) :]
    after, became = fold(before, left, begun=begun or _may_be_anew(before.place), patient=True)
    applied = [fact for fact, outcome in zip(left, became, strict=True) if outcome is FoldOutcome.APPLIED]
    state = _announced(contact_id, before, after, applied) if applied else before
    return Lived(state, Counter([*became, *[FoldOutcome.IN_VAIN] * (len(facts) - len(left))]))


def _forgotten(place: IdentityStatus | None, facts: Sequence[Fact]) -> int:
    """How many facts came before the command of the erasure that is known already, and went with it.

    It acts when it is heard: what had come is gone, also what happened after the time that it says.
    """
    if place is None or place.erased is None:
        return 0
    for number in range(len(facts), 0, -1):
        if isinstance(facts[number - 1].detail, Erase) and facts[number - 1].time == place.erased.time:
            return number
    return 0


def _may_be_anew(place: IdentityStatus | None) -> bool:
    return place is not None and place.erased is not None and may_be_anew(place, ())


def _announced(contact_id: str, before: ContactState, after: ContactState, applied: Sequence[Fact]) -> ContactState:
    if is_by_itself(before) and is_by_itself(after) and not any(map(may_close, applied)):
        return replace(after, version=before.version + 1)
    step = FragmentStep(
        contact_id,
        before,
        after,
        heard=any(fact.detail.__class__ not in COMMANDS for fact in applied),
        erasures=tuple(Erasure(fact.time, fact.source, fact.id) for fact in applied if isinstance(fact.detail, Erase)),
    )
    return announce(step)[0]
