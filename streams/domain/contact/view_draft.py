"""A view of a contact while it takes facts: what follows from each, and the sections of the profile that it changes.

Which facts may be taken so is `incremental_fold`'s to say.
"""

from bisect import bisect_left

import orjson

from events.registry import HumanAnswer
from streams.domain.contact.derived_view import DerivedView, render_touch, section, time_text
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.event_order import Stamp
from streams.domain.contact.sections import assignments as assigning
from streams.domain.contact.sections import zones
from streams.domain.contact.sections.activity import is_own_act
from streams.domain.contact.sections.addresses import addresses, best_email
from streams.domain.contact.sections.assignments import assigned
from streams.domain.contact.sections.bot_filter import acts_of
from streams.domain.contact.sections.canvass import ballot, canvass, tags
from streams.domain.contact.sections.donations import donations
from streams.domain.contact.sections.exposures import CarriedVariant
from streams.domain.contact.sections.messages import Mailbox, Touch
from streams.domain.contact.sections.pressure import points
from streams.domain.contact.sections.totals import add
from streams.domain.contact.sections.touches import listed
from streams.domain.contact.state import (
    ActivityTotals,
    Ballot,
    CanvassReport,
    ContactState,
    Fact,
    Gift,
    TimestampedValue,
    Whereabouts,
    Zones,
)
from streams.domain.human import ANSWER_MS, expected, judge_message


class ViewDraft:
    """A copy of a view, to be changed. What it shares with the one before is replaced, never changed.

    `_before`: the state that owns that one; `_changed`: by what they show, sections that are to be rendered anew.
    """

    __slots__ = ("_before", "_changed", "_known", "_view")

    def __init__(self, before: ContactState, view: DerivedView) -> None:
        self._before = before
        self._known = view
        self._view = draft = view.__copy__()  # type: ignore[attr-defined]  # a struct's, which its stub leaves out
        draft.found = view.found.__copy__()  # type: ignore[attr-defined]
        self._changed: set[type[object]] = set()

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

    def _hear_answer(self, kind: HumanAnswer, time: int) -> None:
        """Judge anew the opens and clicks of the day before something that only a person does."""
        view = self._view
        view.answered = {**view.answered, kind: sorted([*view.answered.get(kind, ()), time])}
        since = time - ANSWER_MS
        for message_id, acts in view.acts.items():
            if any(since <= act.time <= time for act, _ in acts):
                self._judge(message_id)

    def _judge(self, message_id: str) -> None:
        """How likely each open and click of one message was a person's, by all that is known now."""
        view = self._view
        deeds = [fact for fact in view.found.deeds if fact.detail.message_id == message_id]
        arrived = view.delivered_at.get(message_id, view.sent_at.get(message_id))
        judged = list(judge_message(acts_of(deeds), arrived, view.answered))
        (opens, clicks), (was_opens, was_clicks) = expected(judged), expected(view.acts.get(message_id, ()))
        view.opens += opens - was_opens
        view.clicks += clicks - was_clicks
        view.acts = {**view.acts, message_id: judged}
        self._changed.add(Deed)

    def _total(self, fact: Fact, *, latest: bool) -> None:
        """Count the fact. Types are in the order of their first facts."""
        view, kind, time = self._view, fact.type, fact.time
        before = view.totals
        counts = {**before.counts, kind: before.counts.get(kind, 0) + 1}
        first = view.firsts.get(kind)
        if first is None or fact.stamp < first:
            view.firsts = {**view.firsts, kind: fact.stamp}
            if not latest:
                view.firsts = dict(sorted(view.firsts.items(), key=_stamp_of_item))
                counts = {each: counts[each] for each in view.firsts}
        opened, clicked = before.last_opened, before.last_clicked
        if kind == "email.opened":
            opened = time if opened is None else max(opened, time)
        elif kind == "email.clicked":
            clicked = time if clicked is None else max(clicked, time)
        since = time if before.first is None or time < before.first else before.first
        until = time if before.last is None or time > before.last else before.last
        view.totals = ActivityTotals(counts, since, until, opened, clicked)
        if is_own_act(fact) and (view.active is None or time > view.active):
            view.active = time

    def _locate(self, fact: Fact, named: Zones) -> None:
        known, stamp = self._view.whereabouts, fact.stamp
        region = _latest(known.region, stamp, named.region)
        time_zone, postal_code = known.time_zone, known.postal_code
        if named.time_zone is not None or named.postal_code is not None:
            time_zone = _latest(time_zone, stamp, named.time_zone)
            postal_code = _latest(postal_code, stamp, named.postal_code)
        self._view.whereabouts = Whereabouts(region, time_zone, postal_code)
        if not (
            _is_same(region, known.region)
            and _is_same(time_zone, known.time_zone)
            and _is_same(postal_code, known.postal_code)
        ):
            self._changed.add(Zones)

    def _render(self, after: ContactState) -> None:
        view, changed, settled = self._view, self._changed, self._before.settled
        totals = add(view.totals, settled.totals) if settled.totals.counts else view.totals
        if not self._before.facts or view.totals.first != self._known.totals.first:
            view.first_seen = _time_section(b"first_seen", totals.first)
        view.last_seen = _time_section(b"last_seen", totals.last)
        if view.active is not None:
            view.last_seen += _time_section(b"last_active_at", view.active)
        view.counts = b',"counts":%b' % orjson.dumps(totals.counts)
        if Mailbox in changed or not self._before.facts:
            shown = addresses(view.contact_id, after, view.overview(after).found)
            view.addresses, view.status = section("addresses", shown), best_email(shown)
            changed.add(Deed)
        if Deed in changed:
            human = settled.opens_human + view.opens, settled.clicks_human + view.clicks
            view.email = _email(totals, human, view)
        if Touch in changed:
            self._render_touches()
        if len(changed) > 1 or not (Deed in changed or Touch in changed):
            self._render_others()

    def _render_touches(self) -> None:
        view = self._view
        shown = listed(view.touches)
        view.touched = b',"touches":[%b]' % b",".join(view.rendered[: len(shown)])
        as_of = time_text(shown[0].time) if shown else b"null"
        view.pressure = b',"pressure":{"points":%b,"as_of":%b}' % (orjson.dumps(points(shown)), as_of)

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


def _is_same(one: TimestampedValue | None, other: TimestampedValue | None) -> bool:
    return one is other or (one is not None and other is not None and one.value == other.value)


def _time_section(name: bytes, time: int | None) -> bytes:
    return b',"%b":%b' % (name, b"null" if time is None else time_text(time))


def _email(totals: ActivityTotals, human: tuple[int, int], view: DerivedView) -> bytes:
    """The profile's `email`, as `profile.email` and `orjson` have it."""
    opened, clicked = totals.last_opened, totals.last_clicked
    return b',"email":{"subscribed":%b,"status":"%b","last_opened_at":%b,"last_clicked_at":%b,%b' % (
        b"true" if view.subscribed else b"false",
        view.status.encode(),
        b"null" if opened is None else time_text(opened),
        b"null" if clicked is None else time_text(clicked),
        orjson.dumps({"opens_human": human[0] / 1_000, "clicks_human": human[1] / 1_000})[1:],
    )


def _stamp_of_item(item: tuple[str, Stamp]) -> Stamp:
    return item[1]


def _minus_time(touch: Touch) -> int:
    return -touch.time


def _latest(known: TimestampedValue | None, stamp: Stamp, value: str | None) -> TimestampedValue | None:
    if value is None:
        return known
    found = TimestampedValue(*stamp, value)
    return found if known is None or known < found else known
