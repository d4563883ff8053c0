"""The fast way of taking interactions into a state: it costs what they change, not what is known.

`fold`, `profile_of` and the rest are the full way, and the definition. This one takes a state that holds its view
(`derived_view`), declines whatever could change more than it looks at, and otherwise makes the same state, with the
view that would be derived from it. A law holds it to the full way for every kind of interaction in every order,
and fails without any one of the reasons to decline (`tests/property/worker/contacts/test_incremental_law.py`).
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, unique
from typing import NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from events.experiments.metrics import HAPPENED
from events.registry import ARRIVALS, ENGAGEMENTS, HUMAN_ANSWERS, MESSAGES, Arrival, HumanAnswer, types_that
from streams.domain.contact.codec import encode_fact
from streams.domain.contact.compaction import due_at, size_of_mail
from streams.domain.contact.derived_view import DerivedView, attach, view_of
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.event_order import Stamp
from streams.domain.contact.facts.fact_index import touch_of
from streams.domain.contact.facts.identifier_table import size_of
from streams.domain.contact.fold import ROOM, FoldOutcome
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.publication.alert_triggers import Trigger, subject_of
from streams.domain.contact.publication.suppressed_channels import may_close
from streams.domain.contact.sections.bot_filter import is_answer
from streams.domain.contact.sections.exposures import CarriedVariant
from streams.domain.contact.sections.messages import SHOWS, Mailbox, Message
from streams.domain.contact.sections.touches import is_second_of_day, touch_of_report
from streams.domain.contact.state import (
    Ballot,
    CanvassReport,
    ContactState,
    Fact,
    Gift,
    Key,
    PledgeChange,
    Refund,
)
from streams.domain.contact.view_draft import ViewDraft

_Item = TypeVar("_Item")


@unique
class Declined(Enum):
    """Why the full way has to be taken."""

    NO_VIEW = "the state holds no view of this contact"
    DUE = "messages settle first"
    TYPE = "interactions of its type may change anything"
    ORIGIN = "it says where it comes from"
    CLOSES = "it may close a channel, or says that nobody was reached"
    COPY = "it is a copy of one that is known, and came or happened before it"
    NEW_IDENTIFIER = "it names a new set of identifiers that comes before others in the table"
    FULL = "there may be no more room"
    SETTLED_MESSAGE = "something of its message has settled"
    LATER_VERSION = "something of the same id is known"
    SECOND_OF_DAY = "there was a door or a letter on that day"


class Step(Struct):
    """What came of interactions. `was`: the view before. `after`: the state with them and its view, a version later.

    `outcomes`: of each interaction. `triggers`: those that may call for an alert, of whose subject nothing was known.
    `money`: by currency how much more the contact has given, less what went back.
    """

    was: DerivedView
    after: ContactState
    view: DerivedView
    outcomes: list[FoldOutcome]
    triggers: list[Trigger]
    money: dict[str, int]


def fold_incrementally(contact_id: str, before: ContactState, facts: Sequence[Fact]) -> Step | Declined:
    """Take the facts in the order given, as `fold` does, or decline all of them."""
    view = view_of(contact_id, before)
    if view is None:
        return Declined.NO_VIEW
    draft = _Draft(before, view)
    for fact in facts:
        if (declined := draft.take(fact)) is not None:
            return declined
    return draft.step()


class _Draft(ViewDraft):
    """A state and its view while they take facts."""

    __slots__ = (
        *("_clock", "_due", "_exclusive", "_facts", "_money", "_number", "_outcomes", "_table", "_triggers", "_weight"),
    )

    def __init__(self, before: ContactState, view: DerivedView) -> None:
        super().__init__(before, view)
        self._facts = before.facts
        self._clock = before.clock
        self._due = before.due
        self._weight = before.weight
        self._table = before.carried
        self._exclusive = before.exclusive
        self._number = 0
        self._outcomes: list[FoldOutcome] = []
        self._triggers: list[Trigger] = []
        self._money: dict[str, int] = {}

    def take(self, fact: Fact) -> Declined | None:
        self._clock = max(self._clock, fact.appended_at)
        if self._clock >= self._due:
            return Declined.DUE
        kind = _KINDS.get(fact.type)
        if kind is None:
            return Declined.TYPE
        if fact.origin is not None:
            return Declined.ORIGIN
        if isinstance(fact.carried, CarriedIdentifiers):
            if (declined := self._name(fact.carried)) is not None:
                return declined
            fact = replace(fact, carried=self._number)
        key = fact.source, fact.id
        copy_of = self._facts.get(key)
        if copy_of is None:
            return self._put(kind, key, fact)
        is_first = fact.appended_at <= copy_of.appended_at or fact.time < copy_of.time
        if is_first or self._table != self._before.carried:
            return Declined.COPY
        self._outcomes.append(FoldOutcome.DUPLICATE)
        return None

    def step(self) -> Step:
        before, view = self._before, self._view
        if self._table is not before.carried:
            self._weight = self._weighed()
        head = self._facts, before.settled, self._clock, self._due, self._weight, before.version + 1
        after = ContactState(*head, before.commands, self._table, self._exclusive, given=before.given)
        self._render(after)
        attach(after, view)
        return Step(self._known, after, view, self._outcomes, self._triggers, self._money)

    def _name(self, carried: CarriedIdentifiers) -> Declined | None:
        """Find the place of what a fact names in the table, in `_number`; at its end a new one may be."""
        self._exclusive = carried.exclusive or self._exclusive
        self._number = 0
        if not carried.others and not carried.aliases:
            return None
        if carried in self._table:
            self._number = self._table.index(carried) + 1
            return None
        if self._table and carried < self._table[-1]:
            return Declined.NEW_IDENTIFIER
        self._table = (*self._table, carried)
        self._number = len(self._table)
        self._weight += size_of([carried])
        self._changed.add(Mailbox)
        return None

    def _weighed(self) -> int:
        """The weight as `merging.weigh` has it."""
        settled = self._before.settled
        kept = len(self._view.encoded) + size_of(self._table)
        return kept + size_of(settled.carried) + size_of_mail(settled)

    def _put(self, kind: "_Kind", key: Key, fact: Fact) -> Declined | None:
        encoded = encode_fact(fact)
        self._weight += len(encoded)
        if self._weight > ROOM:
            return Declined.FULL
        latest = self._enter(key, fact, encoded)
        if (declined := kind.take(self, fact, latest=latest)) is not None:
            return declined
        if kind.answer is not None and is_answer(fact):
            self._hear_answer(kind.answer, fact.time)
        if kind.is_message:
            self._due = min(self._due, due_at(fact))
            if self._due <= self._clock:  # appended more than a week before the latest
                return Declined.DUE
        self._outcomes.append(FoldOutcome.APPLIED)
        return None

    def _enter(self, key: Key, fact: Fact, encoded: bytes) -> bool:
        """Put a new fact in its place, and say whether it is the last one."""
        view, time = self._view, fact.time
        facts, times, lengths = {**self._facts}, view.times[:], view.lengths[:]
        # Facts that stay where they are are not looked at: their memory is far away.
        later = [facts.popitem() for _ in range(len(times) - bisect_left(times, time))]
        while later and later[-1][1].time == time and later[-1][1].stamp < fact.stamp:
            facts.update((later.pop(),))
        facts[key] = fact
        self._facts, view.times, view.lengths = facts, times, lengths
        if later:
            facts.update(reversed(later))
            at = len(times) - len(later)
            place = len(view.encoded) - sum(lengths[at:])
            view.encoded = b"".join((view.encoded[:place], encoded, view.encoded[place:]))
            times.insert(at, time)
            lengths.insert(at, len(encoded))
        else:
            view.encoded += encoded
            times.append(time)
            lengths.append(len(encoded))
        latest = not later
        self._total(fact, latest=latest)
        if fact.zones is not None:
            self._locate(fact, fact.zones)
        if fact.arm is not None:
            view.found.arms = _inserted(view.found.arms, fact, _stamp, latest=latest)
            self._changed.add(CarriedVariant)
        return latest

    def take_bare(self, fact: Fact, *, latest: bool) -> Declined | None:
        self._take_happened(fact, latest=latest)
        return None

    def _take_happened(self, fact: Fact, *, latest: bool) -> None:
        if fact.type in HAPPENED:
            self._view.found.happened = _inserted(self._view.found.happened, fact, _stamp, latest=latest)

    def take_message(self, fact: Fact, *, latest: bool) -> Declined | None:
        message, view = fact.detail, self._view
        assert isinstance(message, Message)  # nosec B101 # for the type checker
        channel = SHOWS.get(fact.type)
        if channel is None:
            return None
        key = channel, message.message_id
        if key in view.mailed:
            return Declined.SETTLED_MESSAGE
        earliest = view.found.sent.get(key)
        if earliest is None or fact.stamp < (earliest.time, earliest.source, earliest.id):
            touch = touch_of(channel, fact, message)
            view.found.sent = {**view.found.sent, key: touch}
            if key not in view.failed:
                self._reach(touch, earliest)
        if key not in self._known.found.sent:
            self._triggers.append(Trigger(fact.source, fact.id, key))
        if (arrival := ARRIVALS.get(fact.type)) is not None:
            self._arrive(message.message_id, fact.time, arrival)
        return None

    def _arrive(self, message_id: str, time: int, arrival: Arrival) -> None:
        view = self._view
        if arrival == "delivered":
            view.delivered_at = _earliest(view.delivered_at, message_id, time)
            if view.found.failed or self._before.settled.mailboxes:  # it ends a series of soft bounces
                self._changed.add(Mailbox)
        else:
            view.sent_at = _earliest(view.sent_at, message_id, time)
        if message_id in view.acts:
            self._judge(message_id)

    def take_deed(self, fact: Fact, *, latest: bool) -> Declined | None:
        assert isinstance(fact.detail, Deed)  # nosec B101 # for the type checker
        self._view.found.deeds = _inserted(self._view.found.deeds, fact, _stamp, latest=latest)
        self._judge(fact.detail.message_id)
        return None

    def take_report(self, fact: Fact, *, latest: bool) -> Declined | None:
        report, found = fact.detail, self._view.found
        assert isinstance(report, CanvassReport)  # nosec B101 # for the type checker
        if may_close(fact):
            return Declined.CLOSES
        if report.report_id is not None:
            if report.report_id in found.report_ids:
                return Declined.LATER_VERSION
            found.report_ids = {*found.report_ids, report.report_id}
        touch = touch_of_report(fact, report)
        if touch is not None:
            if is_second_of_day(touch, found.reports):
                return Declined.SECOND_OF_DAY
            self._reach(touch, None)
            self._triggers.append(Trigger(fact.source, fact.id, subject_of(fact)))
        found.reports = _inserted(found.reports, (fact, report), _stamp_of_first, latest=latest)
        self._changed.add(CanvassReport)
        if report.outcome == "wrong_number":
            self._changed.add(Mailbox)
        self._take_happened(fact, latest=latest)
        return None

    def take_gift(self, fact: Fact, *, latest: bool) -> Declined | None:
        gift, found = fact.detail, self._view.found
        assert isinstance(gift, Gift)  # nosec B101 # for the type checker
        if gift.donation_id in found.gifts:
            return Declined.LATER_VERSION
        found.gifts = _with_item(found.gifts, gift.donation_id, (fact, gift), latest=latest)
        self._count_money(gift.currency, gift.amount)
        self._take_happened(fact, latest=latest)
        return None

    def take_refund(self, fact: Fact, *, latest: bool) -> Declined | None:
        refund, found = fact.detail, self._view.found
        assert isinstance(refund, Refund)  # nosec B101 # for the type checker
        if refund.refund_id in found.refunds:
            return Declined.LATER_VERSION
        found.refunds = _with_item(found.refunds, refund.refund_id, (fact, refund), latest=latest)
        self._count_money(refund.currency, -refund.amount)
        self._take_happened(fact, latest=latest)
        return None

    def take_pledge_change(self, fact: Fact, *, latest: bool) -> Declined | None:
        change, found = fact.detail, self._view.found
        assert isinstance(change, PledgeChange)  # nosec B101 # for the type checker
        found.pledge_changes = _inserted(found.pledge_changes, (fact, change), _stamp_of_first, latest=latest)
        self._changed.add(Gift)
        self._take_happened(fact, latest=latest)
        return None

    def take_ballot(self, fact: Fact, *, latest: bool) -> Declined | None:
        word, found = fact.detail, self._view.found
        assert isinstance(word, Ballot)  # nosec B101 # for the type checker
        found.ballots = _inserted(found.ballots, (fact, word), _stamp_of_first, latest=latest)
        self._changed.add(Ballot)
        self._take_happened(fact, latest=latest)
        return None

    def _count_money(self, currency: str, amount: int) -> None:
        self._money[currency] = self._money.get(currency, 0) + amount
        self._changed.add(Gift)


class _Kind(NamedTuple):
    """What the fast way does with interactions of a type."""

    take: Callable[..., Declined | None]
    is_message: bool
    answer: HumanAnswer | None


_TAKERS: Mapping[str, Callable[..., Declined | None]] = {
    "donation.made": _Draft.take_gift,
    "donation.refunded": _Draft.take_refund,
    "donation.charge_failed": _Draft.take_pledge_change,
    "donation.pledge_cancelled": _Draft.take_pledge_change,
    "canvass.reported": _Draft.take_report,
    "ballot.reported": _Draft.take_ballot,
    **dict.fromkeys(ENGAGEMENTS, _Draft.take_deed),
    **dict.fromkeys(MESSAGES.difference(ENGAGEMENTS), _Draft.take_message),
    **dict.fromkeys(types_that(lambda spec: spec.is_bare), _Draft.take_bare),
}
_KINDS: Mapping[str, _Kind] = {
    name: _Kind(take, name in MESSAGES, HUMAN_ANSWERS.get(name))
    for name, take in _TAKERS.items()
    if name not in types_that(lambda spec: spec.is_command or spec.stop_reason or spec.cancels_touch)
}
"""Of all types but those that may close a channel, forget a person or take something back."""
TAKEN = frozenset(_KINDS)
"""Types that the fast way takes."""


def _stamp(fact: Fact) -> Stamp:
    return fact.time, fact.source, fact.id


def _stamp_of_first(item: tuple[Fact, object]) -> Stamp:
    return item[0].stamp


def _inserted(kept: list[_Item], item: _Item, key: Callable[[_Item], Stamp], *, latest: bool) -> list[_Item]:
    after = [*kept, item]
    if not latest:
        after.sort(key=key)
    return after


def _with_item(
    kept: dict[str, tuple[Fact, _Item]], name: str, item: tuple[Fact, _Item], *, latest: bool
) -> dict[str, tuple[Fact, _Item]]:
    after = {**kept, name: item}
    return after if latest else dict(sorted(after.items(), key=lambda each: each[1][0].stamp))


def _earliest(known: dict[str, int], name: str, time: int) -> dict[str, int]:
    return known if known.get(name, time) < time else {**known, name: time}
