"""What the writer of the desk makes of records: people, links, erasures, alerts, refused records, views, holds."""

from itertools import product
from pathlib import Path

import msgspec
import pytest

from events.topics import (
    AUDIT_LOG,
    CAMPAIGN_HOLDS,
    CONTACT_ALERTS,
    CONTACT_STATE,
    DEAD_LETTERS,
    DEAD_LETTERS_REQUEUED,
    SYSTEM_ALERTS,
)
from streams.services.console import desk_notices as notices
from streams.services.console import desk_people as people
from streams.services.console.desk import Desk
from streams.services.console.desk_batches import Limits, Position, TopicRecord
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_reading import Slots, curves, figures_by, money
from streams.services.console.desk_writing import DeskWriter
from tests.unit.services.console.desk_records import (
    EVER,
    NOON,
    closed,
    counts,
    gift,
    link,
    net,
    profile,
    record,
    said,
    writer_at,
)

ALL = Everything()
HOUR = 3_600_000
EMAIL = "email:0123456789abcdef0123456789abcdef"


def events(writer: DeskWriter, who: str) -> list[str]:
    return [event.id for event in people.events_of(writer.desk, who, 0, ALL)]


def test_copies_late_and_unreadable_records_are_counted_apart(writer: DeskWriter) -> None:
    old = said("van.1", "old", "email.opened", at=NOON - 49 * HOUR)._replace(appended=NOON)
    done = writer.write(
        [gift("van.1", "g"), gift("van.1", "g"), old, record(CONTACT_STATE, "x", {"no": "version"})], ()
    )
    assert (done.records, done.copies, done.late, done.unreadable) == (4, 1, 1, 1)
    assert counts(writer) == {"donation.made": 1}


def test_an_unknown_field_with_a_known_name_does_not_spoil_a_record(writer: DeskWriter) -> None:
    contact = {"contact_id": "van.1"}
    writer.write([said("van.1", "o", "email.opened", {"message_id": "m", "amount": "much", "contact": contact})], ())
    assert counts(writer) == {"email.opened": 1}


def test_by_the_clock_of_events_nothing_of_the_demo_is_late(tmp_path: Path) -> None:
    writer = writer_at(tmp_path, Limits(kept_ms=9_000 * HOUR, clock="events"))
    year = 365 * 24 * HOUR
    writer.write([said("van.1", "1", "email.opened", at=NOON - 10 * year)._replace(appended=NOON)], ())
    writer.write([said("van.1", "2", "email.opened", at=NOON - 10 * year - 3_000 * HOUR)], ())
    assert counts(writer) == {"email.opened": 2}
    assert writer.desk.meta("latest_event") == NOON - 10 * year


def test_commands_do_not_move_the_clock_of_events(tmp_path: Path) -> None:
    writer = writer_at(tmp_path, Limits(clock="events"))
    evening = NOON - 100 * HOUR
    writer.write([said("van.1", "1", "email.opened", at=evening)], ())
    stop = {"reason": "do_not_contact", "contact": {"contact_id": "van.1"}}
    writer.write([said("van.1", "2", "contact.suppressed", stop)], ())
    writer.write([said("van.1", "3", "contact.provenance_forgotten", {"contact": {"contact_id": "van.1"}})], ())
    assert (writer.desk.meta("latest_event"), writer.desk.meta("latest")) == (evening, evening)
    writer.write([profile("van.1", 1)], ())
    assert events(writer, "van.1") == ["3", "2", "1"], "they are told all the same"


def test_a_profile_is_replaced_by_a_later_version_and_by_no_earlier_one(writer: DeskWriter) -> None:
    given = {"by_committee": {"C1": {"net": {"USD": 5}, "last_at": None, "elections": {"e": {"USD": 5}}}}, "count": 1}
    writer.write([profile("van.1", 2, donations=given, zones={"region": "US-OH"})], ())
    writer.write([profile("van.1", 1, zones={"region": "US-PA"})], ())
    found = people.person(writer.desk, "van.1", ALL)
    assert found is not None
    assert (found.region, found.gifts) == ("US-OH", 1)
    assert [stock.election for stock in people.committees(writer.desk, ALL)] == ["", "e"]
    writer.write([profile("van.1", 3)], ())
    assert people.committees(writer.desk, ALL) == []


def test_of_somebody_without_a_profile_nothing_stays(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1), record(CONTACT_STATE, "van.1", None)], ())
    assert writer.desk.rows("SELECT * FROM fragments") == []


def test_a_timeline_has_what_was_said_under_every_identifier(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1), gift("van.1", "g"), said(EMAIL, "o", "email.opened", at=NOON + 1)], ())
    writer.write([link(EMAIL, "van.1"), closed("van.1", "unsubscribed")], ())
    assert events(writer, "van.1") == ["o", "g"]
    found = people.person(writer.desk, EMAIL, ALL)
    assert found is not None
    assert set(found.closed) == {"email", "text", "phone", "door", "letter"}
    writer.write([closed("van.1", None)], ())
    assert people.person(writer.desk, "van.1", ALL) == msgspec.structs.replace(found, closed=())


def test_an_erasure_takes_all_but_the_money_out_of_the_figures(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1), gift("van.1", "g"), said("van.1", "o", "email.opened")], ())
    done = writer.write([closed("van.1", "erased", NOON + 1), record(CONTACT_STATE, "van.1", None)], ())
    assert done.left == ["van.1"]
    assert counts(writer) == {"donation.made": 1}
    assert net(writer) == 500
    again = [gift("van.1", "g"), gift("van.1", "late"), said("van.1", "o", "email.opened")]
    writer.write(again, ())
    assert counts(writer) == {"donation.made": 2}
    assert writer.desk.rows("SELECT name FROM fragments") == []


def test_a_new_record_begins_with_a_gift_after_the_erasure(writer: DeskWriter) -> None:
    writer.write([closed("van.1", "erased", NOON)], ())
    writer.write([said("van.1", "vain", "email.opened", at=NOON + 1)], ())
    writer.write([gift("van.1", "g", at=NOON + 2), said("van.1", "o", "email.opened", at=NOON + 3)], ())
    writer.write([profile("van.1", 3), closed("van.1", None)], ())
    assert events(writer, "van.1") == ["o", "g"]
    writer.write([said("van.1", "before", "email.opened", at=NOON - 1)], ())
    assert events(writer, "van.1") == ["o", "g"]


@pytest.mark.parametrize("part", [{"purpose": "news"}, {"list_id": "weekly"}, {"sender": "example.org"}])
@pytest.mark.parametrize("word_of_it_first", [True, False])
def test_a_yes_to_a_part_of_a_channel_begins_no_record_and_one_to_all_of_it_does(
    writer: DeskWriter, part: dict[str, object], *, word_of_it_first: bool
) -> None:
    yes: dict[str, object] = {"channel": "email", "granted": True}
    word = closed("van.1", "erased", NOON)
    records = [
        said("van.1", "part", "consent.changed", {**yes, **part}, at=NOON + 1),
        said("van.1", "whole", "consent.changed", yes, at=NOON + 2),
    ]
    writer.write([word, *records] if word_of_it_first else [*records, profile("van.1", 2), word], ())
    writer.write([profile("van.1", 3), closed("van.1", None)], ())
    assert events(writer, "van.1") == ["whole"]


def test_what_came_in_between_an_erasure_and_the_word_of_it_is_judged_by_its_time(writer: DeskWriter) -> None:
    said_before = [gift("van.1", "old", at=NOON - 5), said("van.1", "vain", "email.opened", at=NOON + 1)]
    writer.write([*said_before, gift("van.1", "new", at=NOON + 2), profile("van.1", 2)], ())
    writer.write([closed("van.1", "erased", NOON)], ())
    assert events(writer, "van.1") == ["new"]
    assert counts(writer) == {"donation.made": 2}


def test_the_command_to_erase_reaches_every_identifier_that_it_names(writer: DeskWriter) -> None:
    writer.write([said("van.1", "o", "email.opened"), said(EMAIL, "p", "email.opened")], ())
    erased = said("van.1", "e", "contact.erased", {"contact": {"contact_id": "van.1", "email": EMAIL}}, at=NOON + 1)
    writer.write([erased], ())
    assert counts(writer) == {}
    assert writer.desk.rows("SELECT name FROM fragments") == []


def alert(topic: str, name: str, **fields: str) -> TopicRecord:
    body = {"alert_id": name, "rule": "over_cap", "at": "2025-11-07T12:00:00.000Z", "detail": "digital: 4 touches"}
    return record(topic, "k", {**body, "evidence": [{"source": "s", "id": "1"}], **fields})


def test_alerts_about_erased_people_lead_to_nobody(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1), alert(CONTACT_ALERTS, "a", contact_id="van.1")], ())
    writer.write([alert(SYSTEM_ALERTS, "b", subject="gotv-3"), alert(SYSTEM_ALERTS, "b", subject="gotv-3")], ())
    found = notices.alerts(writer.desk, EVER, ALL)
    assert [(each.alert_id, each.contact_id, each.subject) for each in found] == [
        ("a", "van.1", None),
        ("b", None, "gotv-3"),
    ]
    writer.write([closed("van.1", "erased"), alert(CONTACT_ALERTS, "c", contact_id="van.1")], ())
    found = notices.alerts(writer.desk, EVER, ALL)
    assert [(each.alert_id, each.contact_id, each.evidence) for each in found if each.subject is None] == [
        ("c", None, [])
    ]


def test_what_was_said_of_somebody_before_an_erasure_comes_back_with_no_new_record(writer: DeskWriter) -> None:
    """As a desk that is filled anew reads it: `contact-alerts` and `audit-log` may come after all else."""
    writer.write([closed("van.1", "erased", NOON + 1), gift("van.1", "new", at=NOON + 2), closed("van.1", None)], ())
    seen = {"request": "q", "at": "2025-11-07T12:00:00.000Z", "team": "digital", "what": "read", "viewer": "nadia"}
    looked = {**seen, "answers": [{"contact_id": "van.1", "decision": None, "reason": "found"}]}
    writer.write([alert(CONTACT_ALERTS, "a", contact_id="van.1"), record(AUDIT_LOG, "k", looked)], ())
    assert [(each.contact_id, each.detail) for each in notices.alerts(writer.desk, EVER, ALL)] == [(None, "")]
    assert [each.contact_id for each in notices.views(writer.desk, EVER)] == [None]
    after = alert(CONTACT_ALERTS, "b", contact_id="van.1", at="2025-11-07T12:00:01.000Z")
    writer.write([after], ())
    assert "van.1" in [each.contact_id for each in notices.alerts(writer.desk, EVER, ALL)]


def letter(offset: int) -> TopicRecord:
    headers = {
        "reason": "invalid_data",
        "detail": "data.amount: give a whole number",
        "stage": "intake",
        "topic": "donation-events",
        "partition": "0",
        "offset": str(offset),
        "time": "2025-11-07T12:00:00.000Z",
    }
    value = b'{"source":"finance/actblue","type":"donation.made"}'
    named = [(f"dl_{name}", text.encode()) for name, text in headers.items()]
    return TopicRecord(DEAD_LETTERS, 0, offset, None, value, named, NOON)


def test_refused_records_are_counted_by_cause_once_each(writer: DeskWriter) -> None:
    writer.write([letter(1), letter(2), letter(2)], ())
    [name] = {
        row[0] for row in writer.desk.rows("SELECT letter FROM letters WHERE letter LIKE 'donation-events/0/1/%'")
    }
    writer.write([record(DEAD_LETTERS_REQUEUED, name, {"at": "x"})], ())
    [cause] = notices.letter_causes(writer.desk, EVER)
    assert (cause.letters, cause.open, cause.source, cause.type) == (2, 1, "finance/actblue", "donation.made")


def test_a_view_is_of_whoever_looked_and_stays_without_the_person_after_an_erasure(writer: DeskWriter) -> None:
    answer = {"contact_id": "van.1", "decision": None, "reason": "found"}
    seen = {"request": "q", "at": "2025-11-07T12:00:00.000Z", "team": "digital", "what": "read", "answers": [answer]}
    body = {**seen, "viewer": "nadia", "reason": "donor called"}
    asked = {**body, "what": "permission", "answers": [{"contact_id": "van.2", "decision": "allow", "reason": None}]}
    writer.write([record(AUDIT_LOG, "k", body), record(AUDIT_LOG, "k", asked)._replace(offset=1)], ())
    writer.write([record(AUDIT_LOG, "k", body)], ())
    [view] = notices.views(writer.desk, EVER)
    assert (view.viewer, view.contact_id, view.reason) == ("nadia", "van.1", "donor called")
    writer.write([closed("van.1", "erased")], ())
    assert [each.contact_id for each in notices.views(writer.desk, EVER)] == [None]


def test_lists_that_were_taken_are_told_once_each_by_whom_of_what_and_how_many(writer: DeskWriter) -> None:
    asked: dict[str, object] = {"request": "q", "at": "2025-11-07T12:00:00.000Z", "team": "digital", "answers": []}
    counts = [{"decision": "allow", "reason": "ok", "rows": 30}, {"decision": "deny", "reason": "opposed", "rows": 12}]
    judged = {**asked, "what": "permission", "channel": "email", "campaign_id": "gotv-3", "counts": counts}
    listed = {**asked, "what": "list", "team": "", "segment": "large-givers"}
    one = {**asked, "what": "read", "answers": [{"contact_id": "van.1", "decision": None, "reason": "found"}]}
    records = [record(AUDIT_LOG, "k", each)._replace(offset=n) for n, each in enumerate((judged, listed, one))]
    writer.write([*records, *records], ())
    assert [(each.viewer, each.of, each.channel, each.people) for each in notices.exports(writer.desk, EVER)] == [
        ("digital", "gotv-3", "email", 42),
        ("", "large-givers", None, None),
    ]


def test_erasures_are_counted_by_person_and_looks_at_them_stay_in_the_count_of_looks(writer: DeskWriter) -> None:
    answer = {"contact_id": "van.1", "decision": None, "reason": "found"}
    seen = {"request": "q", "at": "2025-11-07T12:00:00.000Z", "team": "digital", "what": "read", "answers": [answer]}
    other = {**seen, "answers": [{**answer, "contact_id": "van.2"}]}
    looks = [record(AUDIT_LOG, "k", each)._replace(offset=n) for n, each in enumerate((seen, other, seen))]
    writer.write([*looks, closed("van.1", "erased"), closed("email:1", "erased"), closed("van.3", "erased", 5)], ())
    assert notices.viewings(writer.desk, EVER) == [notices.Viewings("digital", 3, 1, NOON)]
    found = notices.erasures(writer.desk, NOON - 1)
    assert (found.lately, found.ever, found.last_ms) == (1, 2, NOON)
    assert found.is_unwiped


def test_holds_are_remembered_by_campaign_and_time(writer: DeskWriter) -> None:
    held = {"campaign_id": "gotv-3", "until": None, "by": "nadia", "at": "2025-11-07T12:00:00.000Z"}
    mark = {"reserved_until": "2025-11-07T12:00:00.000Z"}
    writer.write([record(CAMPAIGN_HOLDS, "gotv-3", held), record(CAMPAIGN_HOLDS, "\x00marks", mark)], ())
    assert [(hold.campaign, hold.by) for hold in notices.holds(writer.desk, Span(0, NOON * 2))] == [("gotv-3", "nadia")]


def test_what_could_not_be_written_whole_is_not_written_at_all(writer: DeskWriter) -> None:
    place = Position("interactions", 0, "id", 1, 1, NOON, NOON)
    writer.write([gift("van.1", "g")], [place])
    broken = record("no-topic-of-ours", "k", {})
    with pytest.raises(KeyError):
        writer.write([gift("van.1", "h"), broken], [place._replace(next=3)])
    after = DeskWriter(Desk.create(writer.desk.path), Limits())
    assert counts(after) == {"donation.made": 1}
    assert after.positions() == [place]


def test_a_topic_that_starts_over_forgets_what_only_its_nulls_could_take_away(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 7), gift("van.2", "g"), gift(EMAIL, "g2", name="a:g"), link(EMAIL, "van.2")], ())
    assert net(writer) == 500
    writer.start_over("contact-state")
    writer.start_over("contact-links")
    assert people.people(writer.desk, "all", ALL) == []
    assert net(writer) == 1_000
    writer.write([profile("van.1", 1)], ())
    assert [person.contact_id for person in people.people(writer.desk, "all", ALL)] == ["van.1"]


def test_figures_are_the_same_whichever_hours_a_span_has_whole(writer: DeskWriter) -> None:
    minutes = [0, 1, 58, 59, 60, 61, 119, 120, 121, 179, 180, 184]
    writer.write([gift("van.1", f"g{minute}", at=NOON + minute * 60_000) for minute in minutes], ())
    for since, until in product((0, 1, 59, 60, 61, 119, 180), (1, 59, 60, 61, 120, 185, 300)):
        span = Span(NOON + since * 60_000, NOON + until * 60_000)
        told = (
            sum(group.figures.happened for group in figures_by(writer.desk, span, ALL)),
            sum(sum(curve.counted) for curve in curves(writer.desk, Slots(*span, 60_000), ALL)),
            sum(gifts.gifts for gifts in money(writer.desk, span, ALL, slot_ms=HOUR)),
        )
        assert told == (sum(since <= minute < until for minute in minutes),) * 3, (since, until)


def test_a_gift_is_taken_back_once_the_retraction_is_known_to_be_of_the_same_person(writer: DeskWriter) -> None:
    retraction = said(EMAIL, "r", "interaction.retracted", {"retracts": {"source": "test/tool", "id": "g"}})
    writer.write([gift("van.1", "g"), retraction], ())
    assert counts(writer) == {"donation.made": 1}
    writer.write([link(EMAIL, "van.1")], ())
    assert counts(writer) == {}
    writer.write([link(EMAIL, None)], ())
    assert counts(writer) == {"donation.made": 1}


def test_a_gift_of_a_person_who_was_merged_is_taken_back_by_the_survivors_retraction(writer: DeskWriter) -> None:
    retraction = said("van.1", "r", "interaction.retracted", {"retracts": {"source": "test/tool", "id": "g"}})
    writer.write([retraction, gift(EMAIL, "g")], ())
    assert counts(writer) == {"donation.made": 1}
    writer.write([link(EMAIL, "van.1")], ())
    assert counts(writer) == {}


def test_two_people_may_use_the_same_source_and_id(writer: DeskWriter) -> None:
    writer.write([said("van.1", "1", "text.replied"), said("van.2", "1", "text.replied")], ())
    assert counts(writer) == {"text.replied": 2}


def test_an_erasure_is_remembered_by_whoever_writes_next(writer: DeskWriter) -> None:
    writer.write([closed("van.1", "erased", NOON)], ())
    later = DeskWriter(writer.desk, Limits())
    later.write([said("van.1", "o", "email.opened", at=NOON - 1)], ())
    assert counts(later) == {}


def test_a_refund_has_committee_and_campaign_of_its_gift_whichever_comes_first(writer: DeskWriter) -> None:
    refund = {"refund_id": "f", "donation_id": "a:g", "amount": 200, "currency": "USD"}
    writer.write([said("van.1", "f", "donation.refunded", refund)], ())
    assert committees_of(writer) == {("", ""): {"USD": -200}}
    writer.write([gift("van.1", "g")], ())
    assert committees_of(writer) == {("C1", ""): {"USD": 300}}
    retraction = said("van.1", "r", "interaction.retracted", {"retracts": {"source": "test/tool", "id": "g"}})
    writer.write([retraction], ())
    assert committees_of(writer) == {("", ""): {"USD": -200}}


def test_a_refund_has_nothing_of_a_gift_that_turns_out_to_be_of_somebody_else(writer: DeskWriter) -> None:
    refund = {"refund_id": "f", "donation_id": "a:g", "amount": 200, "currency": "USD"}
    writer.write([gift(EMAIL, "g"), said("van.1", "f", "donation.refunded", refund)], ())
    writer.write([link(EMAIL, "van.1")], ())
    assert committees_of(writer) == {("C1", ""): {"USD": 300}}
    writer.write([link(EMAIL, None)], ())
    assert committees_of(writer) == {("C1", ""): {"USD": 500}, ("", ""): {"USD": -200}}


def committees_of(writer: DeskWriter) -> dict[tuple[str, ...], object]:
    return {gifts.values: gifts.net for gifts in money(writer.desk, EVER, ALL, by=("committee", "campaign"))}


def test_a_stop_counts_for_the_campaign_of_the_text_it_answers_whichever_comes_first(writer: DeskWriter) -> None:
    stop = said("van.1", "s", "text.opted_out", {"message_id": "m1", "keyword": "STOP"})
    writer.write([stop], ())
    assert stops_of(writer) == {"": 1}
    of_another = said("van.2", "o", "text.sent", {"message_id": "m1", "campaign_id": "polls-1"})
    writer.write([of_another, said("van.1", "n", "text.sent", {"message_id": "m2", "campaign_id": "polls-1"})], ())
    assert stops_of(writer) == {"": 1}
    writer = DeskWriter(writer.desk, Limits())
    writer.write([said("van.1", "t", "text.sent", {"message_id": "m1", "campaign_id": "polls-2"})], ())
    assert stops_of(writer) == {"polls-2": 1}
    writer.write([said("van.1", "u", "text.opted_out", {"message_id": "m1"}), stop], ())
    assert stops_of(writer) == {"polls-2": 2}
    retraction = said("van.1", "r", "interaction.retracted", {"retracts": {"source": "test/tool", "id": "t"}})
    writer.write([retraction], ())
    assert stops_of(writer) == {"": 2}


def test_a_stop_that_names_its_campaign_or_no_text_stays_as_it_was_said(writer: DeskWriter) -> None:
    text = said("van.1", "t", "text.sent", {"message_id": "m1", "campaign_id": "polls-2"})
    named = said("van.1", "s", "text.opted_out", {"message_id": "m1", "campaign_id": "polls-9"})
    writer.write([named, text, said("van.1", "b", "text.opted_out")], ())
    assert stops_of(writer) == {"polls-9": 1, "": 1}


def test_a_stop_finds_its_text_once_both_are_of_one_person(writer: DeskWriter) -> None:
    text = said("van.1", "t", "text.sent", {"message_id": "m1", "campaign_id": "polls-2"})
    writer.write([text, said(EMAIL, "s", "text.opted_out", {"message_id": "m1"})], ())
    assert stops_of(writer) == {"": 1}
    writer.write([link(EMAIL, "van.1")], ())
    assert stops_of(writer) == {"polls-2": 1}
    writer.write([link(EMAIL, None)], ())
    assert stops_of(writer) == {"": 1}


def stops_of(writer: DeskWriter) -> dict[str, int]:
    found = figures_by(writer.desk, EVER, ALL, by=("campaign",), types=("text.opted_out",))
    return {group.values[0]: group.figures.counted for group in found}
