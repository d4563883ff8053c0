"""Folds a contact's whole history at once into the state and profile that the stream ends with.

Pure. A worker ends its chunks anywhere, and a contact's final state does not depend on where.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import orjson
from msgspec.structs import replace

from sinks.lake.erasure_list import Erasures
from streams.domain.contact import ContactState, FoldOutcome, fold, profile
from streams.domain.contact.facts.command_details import Erase
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import is_by_itself, may_be_anew
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.packed_contribution import NOTHING
from streams.domain.contact.publication.change_events import FragmentStep, announce, changes_record
from streams.domain.contact.publication.suppressed_channels import may_close
from streams.domain.contact.publication.visibility import shown_of
from streams.domain.contact.sections.activity import last_act_of
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import DEDUP_WINDOW_MS, ErasureIfInactive, Fact, Retraction
from streams.history.refold.contact_rows import ContactHistory, read_rows


class FoldedFacts(NamedTuple):
    """A contact's final state, and the outcomes of its interactions."""

    state: ContactState
    outcomes: Counter[FoldOutcome]


NOBODY = ContactState()
_TAKEN = (FoldOutcome.APPLIED, FoldOutcome.EARLIER)


def fold_facts(
    contact_id: str, facts: Sequence[Fact], before: ContactState = NOBODY, *, begun: bool = False, whole: bool = True
) -> FoldedFacts:
    """Fold `facts`, in the order in which they came, into the state `before`.

    What other agents tell of a contact is not in its interactions: links to other fragments, parts of them, and
    erasures by one of them. A caller that knows of an erasure begins with a state that records it. The version counts
    announcements, of which there are fewer than in the stream; `given` stays as it was, since experiments are not
    counted here. `begun`: as in `fold`. `whole`: what such an erasure has removed may be among the facts; else they are
    those that came after it, and a copy of its command removes nothing.
    """
    left = facts[_erased_count(before.place, facts) :] if whole else facts
    after, became = fold(before, left, begun=begun or _may_be_anew(before.place), patient=True)
    applied = [fact for fact, outcome in zip(left, became, strict=True) if outcome in _TAKEN]
    changed = applied or FoldOutcome.FORGOTTEN in became
    state = _with_announcements(contact_id, before, after, applied) if changed else before
    return FoldedFacts(state, Counter([*became, *[FoldOutcome.IN_VAIN] * (len(facts) - len(left))]))


def _erased_count(place: IdentityStatus | None, facts: Sequence[Fact]) -> int:
    """How many leading facts an erasure recorded in `place` has removed: all before its command.

    An erasure acts when it is heard: everything that had come is removed, also what happened after the time it names.
    It acts once: a copy, or another command that names the same time, removes nothing of what has come since.
    """
    if place is None or place.erased is None:
        return 0
    for number, fact in enumerate(facts):
        if _may_be(fact, place.erased) and _may_hold(fact, facts[:number]):
            return number + 1
    return 0


def _may_be(command: Fact, erasure: Erasure) -> bool:
    """Whether it may be the command of an erasure, of which the lake's list knows the time alone."""
    if erasure.source or erasure.id:
        return command.key == (erasure.source, erasure.id)
    if isinstance(command, ErasureIfInactive):
        return command.since <= erasure.time < command.time
    return isinstance(command.detail, Erase) and command.time == erasure.time


def _may_hold(command: Fact, heard: Sequence[Fact]) -> bool:
    """Whether what was heard before a command leaves its condition open: others may know of an act, these do not."""
    if not isinstance(command, ErasureIfInactive):
        return True
    last = last_act_of([fold(NOBODY, heard)[0]])
    return last is None or last <= command.since


def _may_be_anew(place: IdentityStatus | None) -> bool:
    return place is not None and place.erased is not None and may_be_anew(place, ())


def _with_announcements(
    contact_id: str, before: ContactState, after: ContactState, applied: Sequence[Fact]
) -> ContactState:
    if is_by_itself(before) and is_by_itself(after) and not any(map(may_close, applied)):
        return replace(after, version=before.version + 1)
    step = FragmentStep(
        contact_id,
        before,
        after,
        heard=changes_record(before, after, applied),
        erasures=tuple(Erasure(fact.time, fact.source, fact.id) for fact in applied if isinstance(fact.detail, Erase)),
    )
    return announce(step)[0]


class RefoldedContact(NamedTuple):
    """A contact with a state. `profile`: JSON; None: none is visible."""

    contact_id: str
    state: ContactState
    profile: bytes | None


def refold_contact(
    history: ContactHistory, erased: Erasures, outcomes: Counter[str] | None = None, refused: Counter[str] | None = None
) -> RefoldedContact | None:
    """Fold a contact's history; None: nothing is known of it. `outcomes` and `refused` count as in `FoldCounts`.

    `erased`: the lake's list. Interactions of its contacts from before the erasure do not count, and a new record has
    to begin.
    """
    name = history.contact_id
    before = state_before_history(erased.until(name))
    heard = erased.last_command_received(name)
    left = history if heard is None else history._replace(rows=[row for row in history.rows if row.appended_at > heard])
    done = fold_facts(name, [read.fact for read in read_rows(left, refused)], before, whole=heard is None)
    if left is not history:
        done.outcomes[FoldOutcome.IN_VAIN] += len(history.rows) - len(left.rows)
    if outcomes is not None:
        outcomes.update({outcome.value: count for outcome, count in done.outcomes.items()})
    return None if done.state == before else RefoldedContact(name, done.state, shown_profile(name, done.state))


def state_before_history(erased_until: int | None) -> ContactState:
    """The state before a contact's history: empty, or with the erasure until `erased_until` (ms)."""
    if erased_until is None:
        return NOBODY
    return ContactState(place=IdentityStatus(erased=Erasure(erased_until, "", ""), marks=True))


def shown_profile(contact_id: str, state: ContactState) -> bytes | None:
    """A contact's profile by itself, as JSON; None: none is visible."""
    if state.place is not None:
        shown = shown_of({contact_id: state})
        if isinstance(shown, str):
            return None
        state = shown[contact_id]
    return orjson.dumps(profile(contact_id, state))


_FAR = 1 << 48
"""A time (ms) later than any other."""

_LAST_WORDS = (
    Fact("email.deferred", _FAR, "nobody", "last", _FAR, detail=Message("last")),
    Fact(
        "interaction.retracted",
        _FAR,
        "nobody",
        "nothing",
        _FAR + 2 * DEDUP_WINDOW_MS,
        detail=Retraction("nobody", "none"),
    ),
)
"""A message that makes everything settle that can, and the retraction that removes it."""


def settled_state(state: ContactState) -> ContactState:
    """A state once everything has settled, with version 0: equal for equal histories, however they were cut.

    A worker keeps nothing of a chunk with only copies, not even how late they came, so it may be a few copies behind
    another worker, which settles later but never differently. What the state has `given` to experiments is accounting
    of the counter, and left out as well.
    """
    return replace(fold(state, _LAST_WORDS)[0], version=0, place=place_of(state), given=NOTHING)
