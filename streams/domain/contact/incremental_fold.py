"""The fast way of taking interactions into a state: it costs what they change, not what is known.

`fold`, `profile_of` and the rest are the full way, and the definition. This one takes a state that holds its view
(`derived_view`), declines whatever could change more than it looks at, and otherwise makes the same state, with the
view that would be derived from it. A law holds it to the full way for every kind of interaction in every order
(`tests/property/domain/contact/test_incremental_law.py`), and that law fails without any one of the reasons to decline.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from copy import copy
from enum import Enum, unique
from types import NoneType
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from events.experiments.metrics import HAPPENED
from events.registry import ARRIVALS, HUMAN_ANSWERS, SPECS, Arrival, types_that
from streams.domain.contact.codec import encode_fact
from streams.domain.contact.compaction import due_at
from streams.domain.contact.derived_view import (
    DerivedView,
    attach,
    render_seen,
    render_touch,
    section,
    view_of,
)
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.event_order import Stamp
from streams.domain.contact.facts.fact_index import touch_of
from streams.domain.contact.fold import ROOM, FoldOutcome
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.profile import email
from streams.domain.contact.publication.alert_triggers import Trigger, subject_of
from streams.domain.contact.publication.suppressed_channels import may_close
from streams.domain.contact.sections import assignments as assigning
from streams.domain.contact.sections import zones
from streams.domain.contact.sections.addresses import addresses, best_email
from streams.domain.contact.sections.assignments import assigned
from streams.domain.contact.sections.bot_filter import acts_of, is_answer
from streams.domain.contact.sections.canvass import ballot, canvass, tags
from streams.domain.contact.sections.donations import donations
from streams.domain.contact.sections.exposures import CarriedVariant
from streams.domain.contact.sections.messages import SHOWS, Mailbox, Message, Touch
from streams.domain.contact.sections.pressure import pressure
from streams.domain.contact.sections.totals import add, total
from streams.domain.contact.sections.touches import is_second_of_day, listed, touch_of_report
from streams.domain.contact.state import (
    ActivityTotals,
    Ballot,
    CanvassReport,
    ContactState,
    Fact,
    Gift,
    PledgeChange,
    Refund,
    TimestampedValue,
    Whereabouts,
    Zones,
)
from streams.domain.human import ANSWER_MS, expected, judge_message

_Item = TypeVar("_Item")


@unique
class Declined(Enum):
    """Why the full way has to be taken."""

    NO_VIEW = "the state holds no view of this contact"
    DUE = "messages settle first"
    TYPE = "interactions of its type may change anything"
    CLOSES = "it may close a channel, or says that nobody was reached"
    COPY = "it is a copy of one that is known and came no later"
    CLASS = "it tells of an exclusive class"
    NEW_IDENTIFIER = "it names a set of identifiers that none before it did"
    FULL = "there may be no more room"
    SETTLED_MESSAGE = "something of its message has settled"
    LATER_VERSION = "something of the same id is known"
    SECOND_OF_DAY = "there was a door or a letter on that day"


class Step(Struct):
    """What came of interactions. `after`: the state with them and the view of it, a version later.

    `outcomes`: of each interaction. `triggers`: those that may call for an alert, of whose subject nothing was known.
    `money`: by currency how much more the contact has given, less what went back.
    """

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


_REFUSED = types_that(lambda spec: spec.is_command or spec.stop_reason or spec.cancels_touch) | {
    "interaction.retracted"
}
"""Types that may close a channel, forget a person, or take something back."""
TAKEN = frozenset(spec.name for spec in SPECS) - _REFUSED
"""Types that the fast way takes."""


class _Draft:
    """A state and its view while they take facts. What the view shares with the one before is copied, never changed."""

    __slots__ = (
        *("_before", "_changed", "_clock", "_due", "_facts", "_known", "_money", "_outcomes", "_triggers", "_view"),
        "_weight",
    )

    def __init__(self, before: ContactState, view: DerivedView) -> None:
        self._before = before
        self._known = view
        self._view = copy(view)
        self._view.found = copy(view.found)
        self._facts = before.facts
        self._clock = before.clock
        self._due = before.due
        self._weight = before.weight
        self._outcomes: list[FoldOutcome] = []
        self._triggers: list[Trigger] = []
        self._money: dict[str, int] = {}
        self._changed: set[type[object]] = set()

    def take(self, fact: Fact) -> Declined | None:
        self._clock = max(self._clock, fact.appended_at)
        if self._clock >= self._due:
            return Declined.DUE
        if fact.type not in TAKEN:
            return Declined.TYPE
        if fact.carried:
            carried = self._number(fact.carried)
            if isinstance(carried, Declined):
                return carried
            fact = replace(fact, carried=carried)
        copy_of = self._facts.get((fact.source, fact.id))
        if copy_of is not None:
            if fact.appended_at <= copy_of.appended_at:
                return Declined.COPY
            self._outcomes.append(FoldOutcome.DUPLICATE)
            return None
        return self._put(fact)

    def step(self) -> Step:
        before, view = self._before, self._view
        head = self._facts, before.settled, self._clock, self._due, self._weight, before.version + 1
        after = ContactState(*head, before.commands, before.carried, before.exclusive, given=before.given)
        self._render(after)
        attach(after, view)
        return Step(after, view, self._outcomes, self._triggers, self._money)

    def _number(self, carried: int | CarriedIdentifiers) -> int | Declined:
        """The place of what a fact names in the state's table."""
        if isinstance(carried, int):
            return Declined.NEW_IDENTIFIER
        if carried.exclusive and carried.exclusive != self._before.exclusive:
            return Declined.CLASS
        if not carried.others and not carried.aliases:
            return 0
        if carried not in self._before.carried:
            return Declined.NEW_IDENTIFIER
        return self._before.carried.index(carried) + 1

    def _put(self, fact: Fact) -> Declined | None:
        encoded = encode_fact(fact)
        self._weight += len(encoded)
        if self._weight > ROOM:
            return Declined.FULL
        view, found = self._view, self._view.found
        stamp = fact.time, fact.source, fact.id
        counted = found.counted
        at = len(counted) if not counted or counted[-1].stamp < stamp else bisect_left(counted, stamp, key=_stamp)
        latest = at == len(counted)
        self._put_in_order(fact, at, latest=latest)
        found.counted = [*counted, fact] if latest else [*counted[:at], fact, *counted[at:]]
        view.encoded = [*view.encoded, encoded] if latest else [*view.encoded[:at], encoded, *view.encoded[at:]]
        view.totals = _with_fact(view.totals, found.counted, fact, at)
        if fact.zones is not None:
            self._locate(fact, stamp)
        if fact.arm is not None:
            found.arms = _inserted(found.arms, fact, _stamp, latest=latest)
            self._changed.add(CarriedVariant)
        if (declined := _TAKERS[fact.detail.__class__](self, fact, stamp, latest=latest)) is not None:
            return declined
        if is_answer(fact):
            self._hear_answer(fact)
        self._due = min(self._due, due_at(fact))
        self._outcomes.append(FoldOutcome.APPLIED)
        return None

    def _put_in_order(self, fact: Fact, at: int, *, latest: bool) -> None:
        key = fact.source, fact.id
        if latest:
            self._facts = {**self._facts, key: fact}
        else:
            items = list(self._facts.items())
            items.insert(at, (key, fact))
            self._facts = dict(items)

    def take_bare(self, fact: Fact, _stamp: Stamp, *, latest: bool) -> Declined | None:
        self._take_happened(fact, latest=latest)
        return None

    def _take_happened(self, fact: Fact, *, latest: bool) -> None:
        if fact.type in HAPPENED:
            self._view.found.happened = _inserted(self._view.found.happened, fact, _stamp, latest=latest)

    def take_message(self, fact: Fact, stamp: Stamp, *, latest: bool) -> Declined | None:
        message, view = fact.detail, self._view
        assert isinstance(message, Message)  # nosec B101 # for the type checker
        channel = SHOWS.get(fact.type)
        if channel is None:
            return None
        key = channel, message.message_id
        if key in view.mailed:
            return Declined.SETTLED_MESSAGE
        earliest = view.found.sent.get(key)
        if earliest is None or stamp < (earliest.time, earliest.source, earliest.id):
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

    def take_deed(self, fact: Fact, _stamp_of: Stamp, *, latest: bool) -> Declined | None:
        assert isinstance(fact.detail, Deed)  # nosec B101 # for the type checker
        self._view.found.deeds = _inserted(self._view.found.deeds, fact, _stamp, latest=latest)
        self._judge(fact.detail.message_id)
        return None

    def take_report(self, fact: Fact, _stamp_of: Stamp, *, latest: bool) -> Declined | None:
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

    def take_gift(self, fact: Fact, _stamp_of: Stamp, *, latest: bool) -> Declined | None:
        gift, found = fact.detail, self._view.found
        assert isinstance(gift, Gift)  # nosec B101 # for the type checker
        if gift.donation_id in found.gifts:
            return Declined.LATER_VERSION
        found.gifts = _with_item(found.gifts, gift.donation_id, (fact, gift), latest=latest)
        self._count_money(gift.currency, gift.amount)
        self._take_happened(fact, latest=latest)
        return None

    def take_refund(self, fact: Fact, _stamp_of: Stamp, *, latest: bool) -> Declined | None:
        refund, found = fact.detail, self._view.found
        assert isinstance(refund, Refund)  # nosec B101 # for the type checker
        if refund.refund_id in found.refunds:
            return Declined.LATER_VERSION
        found.refunds = _with_item(found.refunds, refund.refund_id, (fact, refund), latest=latest)
        self._count_money(refund.currency, -refund.amount)
        self._take_happened(fact, latest=latest)
        return None

    def take_pledge_change(self, fact: Fact, _stamp_of: Stamp, *, latest: bool) -> Declined | None:
        change, found = fact.detail, self._view.found
        assert isinstance(change, PledgeChange)  # nosec B101 # for the type checker
        found.pledge_changes = _inserted(found.pledge_changes, (fact, change), _stamp_of_first, latest=latest)
        self._changed.add(Gift)
        self._take_happened(fact, latest=latest)
        return None

    def take_ballot(self, fact: Fact, _stamp_of: Stamp, *, latest: bool) -> Declined | None:
        word, found = fact.detail, self._view.found
        assert isinstance(word, Ballot)  # nosec B101 # for the type checker
        found.ballots = _inserted(found.ballots, (fact, word), _stamp_of_first, latest=latest)
        self._changed.add(Ballot)
        self._take_happened(fact, latest=latest)
        return None

    def _count_money(self, currency: str, amount: int) -> None:
        self._money[currency] = self._money.get(currency, 0) + amount
        self._changed.add(Gift)

    def _reach(self, touch: Touch, earlier: Touch | None) -> None:
        """Show a touch, in the place of a later one of the same message if there was one."""
        view = self._view
        touches, rendered = [*view.touches], [*view.rendered]
        if earlier is not None and earlier in touches:
            at = touches.index(earlier)
            del touches[at], rendered[at]
        if touch.time >= view.horizon:
            at = 0 if not touches or touches[0] < touch else bisect_left(touches, -touch.time, key=_minus_time)
            while at < len(touches) and touches[at] > touch:
                at += 1
            touches.insert(at, touch)
            rendered.insert(at, render_touch(touch))
        view.touches, view.rendered = touches, rendered
        self._changed.add(Touch)

    def _hear_answer(self, fact: Fact) -> None:
        """Judge anew the opens and clicks of the day before something that only a person does."""
        view, kind = self._view, HUMAN_ANSWERS[fact.type]
        view.answered = {**view.answered, kind: sorted([*view.answered.get(kind, ()), fact.time])}
        since = fact.time - ANSWER_MS
        for message_id, acts in view.acts.items():
            if any(since <= act.time <= fact.time for act, _ in acts):
                self._judge(message_id)

    def _judge(self, message_id: str) -> None:
        """How likely each open and click of one message was a person's, by all that is known now."""
        view = self._view
        deeds = [fact for fact in view.found.deeds if fact.detail.message_id == message_id]  # type: ignore[union-attr]
        arrived = view.delivered_at.get(message_id, view.sent_at.get(message_id))
        judged = list(judge_message(acts_of(deeds), arrived, view.answered))
        (opens, clicks), (was_opens, was_clicks) = expected(judged), expected(view.acts.get(message_id, ()))
        view.opens += opens - was_opens
        view.clicks += clicks - was_clicks
        view.acts = {**view.acts, message_id: judged}
        self._changed.add(Deed)

    def _locate(self, fact: Fact, stamp: Stamp) -> None:
        named, known = fact.zones, self._view.whereabouts
        assert named is not None  # nosec B101 # for the type checker
        after = Whereabouts(
            _latest(known.region, stamp, named.region),
            _latest(known.time_zone, stamp, named.time_zone),
            _latest(known.postal_code, stamp, named.postal_code),
        )
        self._view.whereabouts = after
        if zones.render(after) != zones.render(known):
            self._changed.add(Zones)

    def _render(self, after: ContactState) -> None:
        view, changed, settled = self._view, self._changed, self._before.settled
        totals = add(view.totals, settled.totals)
        view.seen = render_seen(totals)
        if Mailbox in changed or not self._known.found.counted:
            shown = addresses(view.contact_id, after, view.found)
            view.addresses, view.status = section("addresses", shown), best_email(shown)
            changed.add(Deed)
        if Deed in changed:
            human = settled.opens_human + view.opens, settled.clicks_human + view.clicks
            view.email = section("email", email(totals, human, subscribed=view.subscribed, status=view.status))
        if Touch in changed:
            self._render_touches()
        if len(changed) > 1 or not (Deed in changed or Touch in changed):
            self._render_others()

    def _render_touches(self) -> None:
        view = self._view
        shown = listed(view.touches)
        view.touched = b',"touches":[%b]' % b",".join(view.rendered[: len(shown)])
        view.pressure = section("pressure", pressure(shown))

    def _render_others(self) -> None:
        view, found, changed = self._view, self._view.found, self._changed
        if Gift in changed:
            view.donations = section("donations", donations(found))
        if CanvassReport in changed:
            view.canvass, view.tags = section("canvass", canvass(found.reports)), section("tags", tags(found.reports))
        if Ballot in changed:
            view.ballot = section("ballot", ballot(found.ballots))
        if Zones in changed:
            view.zones = section("zones", zones.render(view.whereabouts))
        if CarriedVariant in changed:
            view.assigned = assigned(found, self._before.settled)
            view.experiments = section("experiments", assigning.render(view.assigned))


_TAKERS: dict[type[object], Callable[..., Declined | None]] = {
    NoneType: _Draft.take_bare,
    Message: _Draft.take_message,
    Deed: _Draft.take_deed,
    CanvassReport: _Draft.take_report,
    Gift: _Draft.take_gift,
    Refund: _Draft.take_refund,
    PledgeChange: _Draft.take_pledge_change,
    Ballot: _Draft.take_ballot,
}
"""By what is kept of an interaction."""


def _stamp(fact: Fact) -> Stamp:
    return fact.time, fact.source, fact.id


def _stamp_of_first(item: tuple[Fact, object]) -> Stamp:
    return item[0].stamp


def _minus_time(touch: Touch) -> int:
    return -touch.time


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


def _latest(known: TimestampedValue | None, stamp: Stamp, value: str | None) -> TimestampedValue | None:
    if value is None:
        return known
    found = TimestampedValue(*stamp, value)
    return found if known is None or known < found else known


def _with_fact(before: ActivityTotals, counted: Sequence[Fact], fact: Fact, at: int) -> ActivityTotals:
    """`totals.total` of `counted`, in which the fact is in this place. Types are in the order of their first facts."""
    kind, time, counts = fact.type, fact.time, before.counts
    if kind not in counts and at + 1 < len(counted):
        return total(counted)
    if at + 1 < len(counted) and not any(each.type == kind for each in counted[:at]):
        return total(counted)
    opened, clicked = before.last_opened, before.last_clicked
    if kind == "email.opened":
        opened = time if opened is None else max(opened, time)
    elif kind == "email.clicked":
        clicked = time if clicked is None else max(clicked, time)
    return ActivityTotals(
        {**counts, kind: counts.get(kind, 0) + 1},
        time if before.first is None else min(before.first, time),
        time if before.last is None else max(before.last, time),
        opened,
        clicked,
    )
