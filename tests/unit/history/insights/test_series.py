"""Series of insights."""

from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from faust.types import TP

from events.json_types import JSON
from events.times import parse_time, render_time
from sinks.base import ContactChange
from sinks.lake import snapshots
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.snapshots import SnapshotWriter, profiles_table
from streams.history.insights.answering import TailBuffer, _require_no_gap
from streams.history.insights.history_source import tail_table
from streams.history.insights.known_values import time_range_of
from streams.history.insights.question import METRICS, ParameterMistake, Question, question_of
from streams.history.insights.series import SeriesAnswer, answer_question, answer_questions, document_of
from streams.history.insights.spans import HOUR_MS, By, Span, day_of, day_span, index_of, period_starts
from streams.platform.errors import LakeStopped
from tests.contract.lake.conftest import quick_folder
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.insights.lakes import history_of, only_tail
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

HOUR = 3_600_000
THEN = NOW - 24 * HOUR
"""On the first of the two days."""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return quick_folder(tmp_path, monkeypatch)


def question(metric: str, **said: str) -> Question:
    given = {"metric": metric, "from": "2012-02-21", "to": "2012-02-23", **said}
    found = question_of(given, "America/New_York", NOW)
    assert isinstance(found, Question)
    return found


def shown(found: SeriesAnswer) -> dict[Any, list[int | float]]:
    return {one.name if one.currency is None else (one.name, one.currency): list(one.values) for one in found.series}


def told(offset: int, type_: str, at: int = THEN, **data: JSON) -> Fetched:
    return topic_record(offset, type_, at, **data)


def about(who: str, **more: JSON) -> JSON:
    return {"contact_id": who, **more}


def retraction(offset: int, of: int, who: str = "c1") -> Fetched:
    taken_back: JSON = {"source": "digital/mailer", "id": f"i{of}"}
    return told(offset, "interaction.retracted", retracts=taken_back, contact={"contact_id": who})


def test_an_answer_says_since_when_anything_is_known_so_that_an_earlier_zero_is_no_count() -> None:
    history, asked = only_tail([told(0, "email.sent", at=NOW)]), question("email.sent")

    document = document_of(asked, answer_question(history, asked), NOW, time_range_of(history))

    assert document["known_since"] == render_time(NOW)
    assert [point["value"] for point in document["series"][0]["points"]] == [0, 1]
    assert (
        document_of(asked, answer_question(only_tail([]), asked), NOW, time_range_of(only_tail([])))["known_since"]
        is None
    )


def copy(offset: int, record: Fetched) -> Fetched:
    return Fetched(offset, record.value, record.key, timestamp=NOW + offset, partition=0)


def test_a_series_covers_the_lake_and_the_topics_tail(files: Files) -> None:
    sent = [told(number, "email.sent", message_id=f"m{number}") for number in range(3)]
    tail = [told(3, "email.sent", at=NOW, message_id="m3")]

    assert shown(answer_question(history_of(files, sent, tail), question("email.sent"))) == {None: [3, 1]}


def test_a_retraction_and_a_copy_in_the_tail_reach_what_lies_in_the_lake(files: Files) -> None:
    sent = [told(number, "email.sent", message_id=f"m{number}") for number in range(3)]
    tail = [copy(3, sent[0]), retraction(4, of=1)]

    assert shown(answer_question(history_of(files, sent, tail), question("email.sent"))) == {None: [2, 0]}


def test_a_retraction_reaches_the_tail_from_the_lake(files: Files) -> None:
    wrong = told(1, "email.sent", message_id="m1")
    history = history_of(files, [retraction(0, of=1)], [wrong, told(2, "email.sent", message_id="m2")])

    assert shown(answer_question(history, question("email.sent"))) == {None: [1, 0]}


def test_a_series_by_day_uses_days_of_the_time_zone_and_counts_its_span_alone(files: Files) -> None:
    midnight = parse_time("2012-02-22T05:00:00Z") or 0
    times = [midnight - 24 * HOUR - 1, midnight - 24 * HOUR, midnight - 1, midnight, NOW]
    records = [told(number, "text.replied", at=at) for number, at in enumerate(times)]

    assert shown(answer_question(history_of(files, records), question("text.replied", to="2012-02-22T10:00:00Z"))) == {
        None: [2, 1]
    }


def test_an_act_that_names_only_its_message_counts_for_the_messages_campaign(files: Files) -> None:
    records = [
        told(0, "text.sent", message_id="m1", campaign_id="gotv"),
        told(1, "text.opted_out", message_id="m1"),
        told(2, "text.opted_out", message_id="m2"),
    ]

    found = answer_question(history_of(files, records), question("text.opted_out", split="campaign"))

    assert shown(found) == {"gotv": [1, 0], None: [1, 0]}
    only = answer_question(history_of(files, [], records), question("text.opted_out", campaign="gotv"))
    assert shown(only) == {None: [1, 0]}


def test_a_series_by_region_uses_the_interactions_region_else_the_profiles(files: Files) -> None:
    writer = SnapshotWriter(files, "2012-02-22", NOW)
    profile = b'{"contact_id": "c2", "zones": {"region": "US-AZ"}}'
    with writer.file(snapshots.CONTACT_STATE) as add:
        add(profiles_table([ContactChange("c2", 1, profile, None, None)]))
    with writer.file(snapshots.CONTACT_LINKS):
        pass
    writer.commit()
    records = [
        told(0, "form.submitted", contact=about("c1", region="US-CA")),
        told(1, "form.submitted", contact=about("c2")),
        told(2, "form.submitted", contact=about("c3")),
    ]

    found = answer_question(history_of(files, records), question("form.submitted", split="region"))

    assert shown(found) == {"US-CA": [1, 0], "US-AZ": [1, 0], None: [1, 0]}
    assert find_live_files(files).snapshots


def test_a_series_by_channel_counts_each_channel(files: Files) -> None:
    records = [
        told(0, "canvass.reported", method="door"),
        told(1, "canvass.reported", method="phone"),
        told(2, "canvass.reported", method="phone"),
    ]
    history = history_of(files, records)

    assert shown(answer_question(history, question("canvass.reported", split="channel"))) == {
        "phone": [2, 0],
        "door": [1, 0],
    }
    assert shown(answer_question(history, question("canvass.reported", channel="door"))) == {None: [1, 0]}


def test_a_money_series_counts_each_gift_once_and_refunds_at_their_own_time(files: Files) -> None:
    gift = "a:1"
    records = [
        told(0, "donation.made", donation_id=gift, amount=5000, currency="USD"),
        told(1, "donation.made", at=THEN + HOUR, donation_id=gift, amount=7000, currency="USD"),
        told(2, "donation.made", donation_id="a:2", amount=100, currency="EUR"),
        told(3, "donation.refunded", at=NOW, refund_id="r", donation_id="a:1", amount=2000, currency="USD"),
    ]
    history = history_of(files, records[:2], records[2:])

    assert shown(answer_question(history, question("gross"))) == {(None, "USD"): [5000, 0], (None, "EUR"): [100, 0]}
    assert shown(answer_question(history, question("net"))) == {(None, "USD"): [5000, -2000], (None, "EUR"): [100, 0]}
    assert shown(answer_question(history, question("donation.made"))) == {None: [3, 0]}


def test_a_series_of_human_acts_holds_expected_numbers(files: Files) -> None:
    browser = "Mozilla/5.0 (Macintosh)"
    records = [
        told(0, "email.delivered", message_id="m1", at=THEN - HOUR),
        told(1, "email.clicked", message_id="m1", machine=False, user_agent=browser, url="https://example.org/a"),
        told(2, "email.clicked", message_id="m2", machine=True),
        told(3, "email.opened", message_id="m1", at=THEN - 1_000),
    ]

    [[clicks, _]] = shown(answer_question(history_of(files, records), question("clicks_human"))).values()
    [[opens, _]] = shown(answer_question(history_of(files, [], records), question("opens_human"))).values()

    assert clicks == pytest.approx(0.941 + 0.031, abs=0.02)
    assert 0.9 < opens < 1


def test_an_erased_persons_money_alone_is_counted_until_a_new_record_begins(files: Files) -> None:
    records = [
        told(0, "email.sent", message_id="m1"),
        told(1, "contact.erased", at=THEN + HOUR),
        told(2, "email.sent", message_id="m2", at=THEN + 2 * HOUR),
        told(3, "form.submitted", at=THEN + 3 * HOUR),
        told(4, "email.sent", message_id="m3", at=THEN + 4 * HOUR),
    ]

    assert shown(answer_question(history_of(files, records[:1], records[1:]), question("email.sent"))) == {None: [1, 0]}


def test_several_questions_of_one_reading_are_answered_as_each_alone() -> None:
    gift: dict[str, Any] = {"donation_id": "a:1", "amount": 900, "currency": "USD"}
    history = only_tail([told(0, "email.sent", campaign_id="ask"), told(1, "donation.made", campaign_id="ask", **gift)])
    asked = [question(metric, campaign="ask") for metric in ("email.sent", "gross", "opens_human", "text.sent")]

    assert answer_questions(history, asked) == [answer_question(history, each) for each in asked]
    assert [sum(one.total for one in each.series) for each in answer_questions(history, asked)] == [1, 900, 0, 0]


FIRST, SECOND = TP("interactions", 0), TP("interactions", 1)


@pytest.mark.parametrize(
    ("starts", "begin", "said"),
    [
        ({FIRST: 7, SECOND: 0}, {}, "HARMONIA_LAKE holds nothing of interactions"),
        ({FIRST: 7, SECOND: 0}, {0: 6}, "partition 0: the lake ends before 6, the topic begins at 7"),
    ],
)
def test_records_in_neither_lake_nor_topic_are_an_error(
    starts: dict[TP, int], begin: dict[int, int], said: str
) -> None:
    with pytest.raises(LakeStopped, match=said):
        _require_no_gap(starts, begin)


@pytest.mark.parametrize(("lake", "cure"), [(False, "set HARMONIA_LAKE"), (True, "let `harmonia lake run` catch up")])
def test_a_tail_too_large_for_memory_is_refused_with_the_cure(lake: bool, cure: str) -> None:
    records = [topic_record(0, "donation.made")]
    table = tail_table(records, TOPIC_ID)
    room = TailBuffer(TOPIC_ID, 2 * table.nbytes, lake=lake)

    assert room.take(records).equals(room.take(records))
    with pytest.raises(LakeStopped, match=cure):
        room.take(records)


NIGHT = parse_time("2012-02-22T03:00:00Z") or 0
"""Still the 21st in New York."""
ZONE = "America/New_York"


def asked(**said: str) -> Question | ParameterMistake:
    return question_of({name.rstrip("_"): value for name, value in said.items()}, ZONE, NIGHT)


@pytest.mark.parametrize(("by", "parts"), [("day", 30), ("hour", 48)])
def test_a_question_spans_the_last_thirty_days_and_today_or_two_days_by_default(by: By, parts: int) -> None:
    question = asked(metric="email.sent", by=by)

    assert isinstance(question, Question)
    assert len(period_starts(by, question.span, ZONE)) == parts
    assert by == "hour" or question.span.until == parse_time("2012-02-22T05:00:00Z")


@pytest.mark.parametrize("to", ["2012-02-20", "2012-02-22", "2012-02-26"])
def test_a_question_by_week_spans_twelve_whole_weeks_from_a_monday_by_default(to: str) -> None:
    question = asked(metric="email.sent", by="week", to=to)

    assert isinstance(question, Question)
    weeks = period_starts("week", question.span, ZONE)
    assert len(weeks) == 12
    assert weeks[0] == question.span.since
    assert {day_of(start, ZONE).weekday() for start in weeks} == {0}


def test_a_date_is_midnight_in_the_time_zone_and_a_time_is_taken_as_it_is() -> None:
    question = asked(metric="gross", from_="2012-02-01", to="2012-02-02T12:00:00+01:00", team="finance")

    assert isinstance(question, Question)
    assert question.span == (parse_time("2012-02-01T05:00:00Z"), parse_time("2012-02-02T11:00:00Z"))
    assert question.only == {"team": "finance"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "metric"),
        ({"metric": "contact.erased"}, "metric"),
        ({"metric": "email.sent", "by": "month"}, "by"),
        ({"metric": "email.sent", "from_": "yesterday"}, "from"),
        ({"metric": "email.sent", "to": "2012-13-01"}, "to"),
        ({"metric": "email.sent", "to": "2012-02-22T10:00:00"}, "to"),
        ({"metric": "email.sent", "from_": "2012-02-22", "to": "2012-02-22"}, "from"),
        ({"metric": "email.sent", "by": "hour", "from_": "2011-02-22"}, "from"),
        ({"metric": "email.sent", "from_": "1970-01-01", "to": "2199-01-01"}, "from"),
        ({"metric": "email.sent", "campaign": ""}, "campaign"),
        ({"metric": "email.sent", "split": "turf"}, "split"),
        ({"metric": "net", "channel": "email"}, "channel"),
        ({"metric": "net", "split": "channel"}, "channel"),
        ({"metric": "email.sent", "limit": "3"}, "limit"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_cure(said: dict[str, str], field: str) -> None:
    mistake = asked(**said)

    assert isinstance(mistake, ParameterMistake)
    assert mistake.field == field
    assert mistake.cure


def test_every_count_money_and_human_acts_can_be_asked_for() -> None:
    assert {"email.sent", "canvass.reported", "gross", "refunded", "net", "opens_human", "clicks_human"} <= {*METRICS}
    assert not [name for name in METRICS if name.startswith("contact.") or name == "interaction.retracted"]


NEW_YORK = "America/New_York"
SPRING, AUTUMN = date(2012, 3, 11), date(2012, 11, 4)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2012, 2, 22), 24)])
def test_a_day_has_the_length_it_has_in_its_time_zone(day: date, hours: int) -> None:
    span = day_span(day, NEW_YORK)

    assert span.until - span.since == hours * HOUR_MS
    assert len(period_starts("hour", span, NEW_YORK)) == hours
    assert period_starts("day", span, NEW_YORK) == [span.since]


def test_a_week_is_seven_days_of_its_zone_across_a_change_of_the_clocks() -> None:
    span = Span(day_span(date(2012, 3, 7), NEW_YORK).since, day_span(date(2012, 3, 20), NEW_YORK).until)

    weeks = period_starts("week", span, NEW_YORK)

    assert [day_of(start, NEW_YORK) for start in weeks] == [date(2012, 3, 5), date(2012, 3, 12), date(2012, 3, 19)]
    assert weeks[1] - weeks[0] == 7 * 24 * HOUR_MS - HOUR_MS


@pytest.mark.parametrize("by", get_args(By))
def test_every_time_of_a_span_lies_in_one_of_its_parts(by: By) -> None:
    whole = day_span(AUTUMN, "Asia/Kathmandu")
    span = Span(whole.since + 1_234_567, whole.until - 7_654_321)

    beginnings = period_starts(by, span, "Asia/Kathmandu")

    assert index_of(span.since, beginnings) == 0
    assert index_of(span.until - 1, beginnings) == len(beginnings) - 1


def test_a_span_names_the_utc_dates_that_it_touches() -> None:
    assert day_span(date(2012, 2, 22), NEW_YORK).utc_dates() == ("2012-02-22", "2012-02-23")
    assert day_span(date(2012, 2, 22), "UTC").utc_dates() == ("2012-02-22", "2012-02-22")
