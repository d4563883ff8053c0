"""What the desk lets go of, and what becomes of its figures then."""

from streams.services.console.desk_batches import Limits, TopicRecord
from streams.services.console.desk_campaigns import begun, campaigns, names
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_reading import Slots, curves, figures_by, known_since_ms, last_reports
from streams.services.console.desk_retention import drop_unused_series, let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, COARSE_MS
from streams.services.console.desk_writing import DeskWriter
from tests.unit.services.console.desk_records import EVER, NOON, counts, gift, link, net, said

ALL = Everything()
HOUR = 3_600_000
LIMITS = Limits()


def tend(writer: DeskWriter, clock: int, limits: Limits = LIMITS) -> int:
    """Let go of all that is due; returns of how many interactions."""
    return sum(step.events for step in let_go(writer, limits, clock))


def test_interactions_go_after_two_days_and_their_figures_stay_nine(writer: DeskWriter) -> None:
    writer.write([gift("van.1", f"g{number}", at=NOON + number * 60_000) for number in range(10)], ())
    assert tend(writer, NOON + 48 * HOUR) == 0
    assert tend(writer, NOON + 50 * HOUR) == 10
    assert writer.events.kept == 0
    assert net(writer) == 5_000
    assert writer.desk.rows("SELECT * FROM fragments") == []
    tend(writer, NOON + CELLS_KEPT_MS + HOUR)
    assert counts(writer) == {}
    assert known_since_ms(writer.desk) == NOON + HOUR


def test_cells_of_two_days_ago_are_of_five_minutes_and_have_no_turf(writer: DeskWriter) -> None:
    turf = {"method": "door", "outcome": "contacted", "turf": "turf-1", "support": 1}
    records = [said("van.1", f"r{number}", "canvass.reported", turf, at=NOON + number * 60_000) for number in range(10)]
    writer.write(records, ())
    before = figures_by(writer.desk, EVER, ALL, by=("type", "region", "outcome"))
    tend(writer, NOON + 60 * HOUR)
    assert figures_by(writer.desk, EVER, ALL, by=("type", "region", "outcome")) == before
    [curve] = curves(writer.desk, Slots(NOON, NOON + 2 * COARSE_MS, COARSE_MS), ALL)
    assert curve.counted == (5, 5)
    part = Span(NOON, NOON + COARSE_MS)
    assert [group.values for group in figures_by(writer.desk, part, ALL, by=("turf",))] == [("",)]
    assert [group.values for group in figures_by(writer.desk, EVER, ALL, by=("turf",))] == [("turf-1",)]
    assert [group.figures.happened for group in figures_by(writer.desk, part, ALL)] == [5]
    assert drop_unused_series(writer) == 0
    tend(writer, NOON + CELLS_KEPT_MS + 2 * HOUR)
    assert drop_unused_series(writer) == 3


def test_a_retraction_reaches_a_cell_that_is_coarse_already(writer: DeskWriter) -> None:
    old = NOON - 47 * HOUR
    writer.write([gift("van.1", "g", at=old)._replace(appended=NOON)], ())
    tend(writer, NOON + 10 * HOUR)
    retraction = said("van.1", "r", "interaction.retracted", {"retracts": {"source": "test/tool", "id": "g"}})
    writer.write([retraction], ())
    assert counts(writer) == {}


def test_a_copy_that_comes_while_it_would_still_be_taken_is_recognised(writer: DeskWriter) -> None:
    writer.write([gift("van.1", "g")], ())
    last = NOON + 48 * HOUR
    tend(writer, last)
    done = writer.write([gift("van.1", "g")._replace(appended=last)], ())
    assert (done.copies, done.late) == (1, 0)
    tend(writer, last + 2 * HOUR)
    done = writer.write([gift("van.1", "g")._replace(appended=last + 1)], ())
    assert (done.copies, done.late) == (0, 1)
    assert net(writer) == 500


def test_of_too_many_interactions_the_oldest_messages_go_first(writer: DeskWriter) -> None:
    mails = [said("van.1", f"m{number}", "email.opened", at=NOON + number * 60_000) for number in range(8)]
    writer.write([gift("van.1", "g"), *mails], ())
    limits = Limits(events=5)
    assert tend(writer, NOON, limits) == 4
    assert writer.desk.rows("SELECT id FROM events ORDER BY seq") == [("g",), ("m4",), ("m5",), ("m6",), ("m7",)]
    done = writer.write([mails[0], gift("van.1", "g")], ())
    assert (done.late, done.copies) == (1, 1)
    assert counts(writer) == {"email.opened": 8, "donation.made": 1}
    later = DeskWriter(writer.desk, limits)
    assert later.write([mails[0]], ()).late == 1


def test_where_there_are_no_messages_other_interactions_go(writer: DeskWriter) -> None:
    writer.write([gift("van.1", f"g{number}", at=NOON + number * 60_000) for number in range(8)], ())
    assert tend(writer, NOON, Limits(events=5)) == 3
    assert writer.write([gift("van.1", "g0")], ()).late == 1


def test_a_stop_keeps_the_campaign_of_a_text_that_was_let_go_of(writer: DeskWriter) -> None:
    text = said("van.1", "t", "text.sent", {"message_id": "m1", "campaign_id": "polls-2"})
    writer.write([text, said("van.1", "s", "text.opted_out", {"message_id": "m1"}, at=NOON + 40 * HOUR)], ())
    assert tend(writer, NOON + 51 * HOUR) == 1
    writer.write([link("van.1", "van.2")], ())
    assert campaigns_of(writer, "text.opted_out") == ["polls-2"]


def test_a_refund_keeps_what_a_gift_told_it_that_was_let_go_of(writer: DeskWriter) -> None:
    refund = {"refund_id": "f", "donation_id": "a:g", "amount": 200, "currency": "USD"}
    given = gift("van.1", "g")
    writer.write([given, said("van.1", "f", "donation.refunded", refund, at=NOON + 40 * HOUR)], ())
    assert tend(writer, NOON + 51 * HOUR) == 1
    writer.write([gift("van.2", "g2", name="a:g", at=NOON + 51 * HOUR)], ())
    found = figures_by(writer.desk, EVER, ALL, by=("committee",), types=("donation.refunded",))
    assert [group.values for group in found] == [("C1",)]


def test_what_a_refund_said_is_known_for_as_long_as_the_refund_is(writer: DeskWriter) -> None:
    long = Limits(kept_ms=400 * HOUR)
    writer = DeskWriter(writer.desk, long)
    refund = said(
        "van.1", "f", "donation.refunded", {"refund_id": "f", "donation_id": "a:g", "amount": 2, "currency": "USD"}
    )
    writer.write([refund], ())
    writer.write([gift("van.1", "g")], ())
    later = NOON + CELLS_KEPT_MS + 2 * HOUR
    tend(writer, later, long)
    drop_unused_series(writer)
    writer.write([link("van.1", "van.2")], ())
    writer.write([gift("van.2", "again", name="a:g", at=later)], ())
    assert writer.desk.one("SELECT count(*) FROM events") == (3,)


def campaigns_of(writer: DeskWriter, type_: str) -> list[str]:
    return [group.values[0] for group in figures_by(writer.desk, EVER, ALL, by=("campaign",), types=(type_,))]


def test_sums_over_all_hours_are_of_those_that_are_left(writer: DeskWriter) -> None:
    mail = {"campaign_id": "gotv-1", "message_id": "m", "purpose": "fundraising"}
    records = [said("van.1", f"m{hour}", "email.opened", mail, at=NOON + hour * HOUR) for hour in range(4)]
    writer.write(records, ())
    tend(writer, NOON + CELLS_KEPT_MS + 2 * HOUR)
    [left] = campaigns(writer.desk, EVER, ALL)
    assert (left.types, left.first_ms, left.last_ms) == ({"email.opened": 2}, NOON + 2 * HOUR, NOON + 3 * HOUR)
    # A span that does not have all of it is added up hour by hour, and says the same.
    assert campaigns(writer.desk, Span(NOON + 2 * HOUR - 1, NOON + 9 * HOUR), ALL) == [left]
    assert campaigns(writer.desk, Span(NOON + 2 * HOUR, NOON + 3 * HOUR + 1), ALL) == [left]
    assert campaigns(writer.desk, Span(NOON + 3 * HOUR, NOON + 9 * HOUR), ALL)[0].types == {"email.opened": 1}
    assert names(writer.desk, EVER, ALL) == {"gotv-1"}


def test_a_campaign_has_begun_with_its_first_message_unless_it_went_on_before(writer: DeskWriter) -> None:
    def sent(campaign: str, minutes: int) -> TopicRecord:
        mail = {"campaign_id": campaign, "message_id": "m", "purpose": "fundraising"}
        return said("van.1", f"{campaign}{minutes}", "email.sent", mail, at=NOON + minutes * 60_000)

    writer.write([sent("new", 70), sent("new", 90), sent("old", 5), sent("old", 80), sent("later", 300)], ())
    span = Span(NOON + 10 * 60_000, NOON + 3 * HOUR)
    assert begun(writer.desk, span, ALL, ("email.sent",)) == {"new": NOON + 70 * 60_000}


def test_of_each_turf_the_last_report_is_known(writer: DeskWriter) -> None:
    def report(turf: str, minutes: int) -> TopicRecord:
        door = {"method": "door", "outcome": "not_home", "turf": turf}
        return said("van.1", f"{turf}{minutes}", "canvass.reported", door, at=NOON + minutes * 60_000)

    writer.write([report("t1", 1), report("t1", 70), report("t2", 30), report("t3", 2)], ())
    found = last_reports(writer.desk, NOON + 10 * 60_000, ALL)
    assert found == {("US-OH", "t1"): NOON + 70 * 60_000, ("US-OH", "t2"): NOON + 30 * 60_000}
