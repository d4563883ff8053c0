"""Questions to the history: what they may ask, who answers them, and the axis of their charts."""

import asyncio
import os
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from events.times import parse_time
from streams.cli.insights import has_counts, show, show_all, sparkline
from streams.history.chart_axis import axis_steps
from streams.history.insights.answering import TailBuffer, _require_no_gap
from streams.history.insights.history_source import tail_table
from streams.history.insights.own_process import MOST_REMEMBERED_BYTES, MOST_WAITING, InsightsProcess, NoAnswer
from streams.history.insights.question import (
    METRICS,
    InsightsDocument,
    ParameterMistake,
    Point,
    Question,
    SeriesDocument,
    question_of,
)
from streams.history.insights.spans import HOUR_MS, By, Span, day_of, day_span, index_of, period_starts
from streams.platform.errors import LakeStopped
from streams.platform.tied_process import GIVES_WAY
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

NOW = parse_time("2012-02-22T03:00:00Z") or 0
"""Still the 21st in New York."""
ZONE = "America/New_York"


def asked(**said: str) -> Question | ParameterMistake:
    return question_of({name.rstrip("_"): value for name, value in said.items()}, ZONE, NOW)


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


def days_from(first: date, many: int) -> InsightsDocument:
    points: list[Point] = [
        {"at": f"{first + timedelta(days=number)}T05:00:00.000Z", "value": number} for number in range(many)
    ]
    series: list[SeriesDocument] = [{"name": name, "total": 3, "points": points} for name in ("ask", "news")]
    return {
        "metric": "email.sent",
        "by": "day",
        "time_zone": "America/New_York",
        "from": points[0]["at"],
        "to": points[-1]["at"],
        "only": {},
        "split": "campaign",
        "as_of": "2012-06-01T00:00:00.000Z",
        "known_since": None,
        "series": series,
        "left_out": 0,
    }


def one_of(metric: str, *values: int, currency: str | None = None) -> InsightsDocument:
    whole = days_from(date(2012, 2, 22), len(values))
    points: list[Point] = [{**point, "value": value} for point, value in zip(days(whole), values, strict=True)]
    series: SeriesDocument = {"name": None, "total": sum(values), "points": points}
    only = {"campaign": "ask"}
    return {
        **whole,
        "metric": metric,
        "split": None,
        "only": only,
        "series": [series if currency is None else {**series, "currency": currency}],
    }


def days(document: InsightsDocument) -> list[Point]:
    return document["series"][0]["points"]


def test_insights_of_a_campaign_show_a_line_for_each_metric(capsys: pytest.CaptureFixture[str]) -> None:
    show_all([one_of("email.sent", 0, 7), one_of("net", 700, -100, currency="USD")])

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["metric", "by", "day", "total"],
        ["email.sent", "▁█", "7"],
        ["net", "█▁", "$6.00"],
        "from 2012-02-22 to 2012-02-23, 1 day a character".split(),
        "days of America/New_York; everything up to 2012-06-01T00:00:00.000Z".split(),
    ]


@pytest.mark.parametrize(
    ("values", "shown"), [([], ""), ([0, 0], "▁▁"), ([0, 4, 7], "▁▅█"), ([-3, 7], "▁█"), ([1, 1, 2, 2, 0], "▅█▁")]
)
def test_values_are_drawn_as_a_line_of_bars(values: list[int], shown: str) -> None:
    assert sparkline(values, 3) == shown


def test_insights_show_not_known_before_the_first_interaction(capsys: pytest.CaptureFixture[str]) -> None:
    document = days_from(date(2012, 2, 22), 4)
    document["split"], document["series"] = None, document["series"][:1]
    document["known_since"] = "2012-02-24T05:00:00.000Z"
    document["series"][0]["points"][1]["value"] = 0
    show(document)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1:3] for line in lines if line.startswith("2012-")][:2] == [["not", "known"]] * 2
    assert [line.split()[1] for line in lines if line.startswith("2012-02-24")] == ["2"]
    assert "nothing is known of before 2012-02-24" in lines


def test_without_a_lake_every_nought_before_the_topic_begins_is_not_known_and_every_count_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = one_of("net", 0, 700, 0, 0, currency="USD")
    document["known_since"], document["to"] = "2011-01-01T05:00:00.000Z", "2012-02-26T05:00:00.000Z"

    show(document, parse_time("2012-02-25T06:00:00Z"))

    lines = capsys.readouterr().out.splitlines()
    shown = [line.split(maxsplit=1)[1] for line in lines if line.startswith("2012-")]
    assert [each.partition("  ")[0] for each in shown] == ["not known", "$7.00", "not known", "$0.00"]
    assert any(line.startswith("no lake is set, and the topic begins on 2012-02-25: of before it") for line in lines)
    assert document["series"][0]["points"][0]["value"] == 0  # programs are given numbers


def test_a_series_whose_sum_is_zero_still_says_something() -> None:
    assert has_counts(one_of("net", 700, -700, currency="USD"))


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


# Questions answered in child processes; small programs stand in for `harmonia insights`.
COUNTS = """
import pathlib, sys
with open(sys.argv[1], 'a') as asked:
    print(*sys.argv[2:], file=asked)
print(len(pathlib.Path(sys.argv[1]).read_text().splitlines()))
"""
HANGS = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(600)"


def counting(file: Path) -> tuple[str, ...]:
    return sys.executable, "-c", COUNTS, str(file)


async def test_the_insights_process_passes_options_on_and_returns_the_answer(tmp_path: Path) -> None:
    apart = InsightsProcess(counting(tmp_path / "asked"))

    assert await apart.ask({"metric": "net", "team": "--json", "from": "2012-02-22"}) == b"1\n"
    assert (tmp_path / "asked").read_text() == "--json --from=2012-02-22 --team=--json -- net\n"


async def test_an_insights_answer_is_cached_for_a_while(tmp_path: Path) -> None:
    now = 0.0
    apart = InsightsProcess(counting(tmp_path / "asked"), fresh_s=60, clock=lambda: now)

    first = await apart.ask({"metric": "net"})
    now = 59.0
    assert await apart.ask({"metric": "net"}) == first
    assert await apart.ask({"metric": "gross"}) == b"2\n"
    now = 61.0
    assert await apart.ask({"metric": "net"}) == b"3\n"


async def test_equal_insights_questions_share_an_answer_and_a_bounded_number_waits(tmp_path: Path) -> None:
    apart = InsightsProcess(counting(tmp_path / "asked"))
    metrics = [f"m{number}" for number in range(MOST_WAITING)]

    questions = [asyncio.ensure_future(apart.ask({"metric": name})) for name in [*metrics, metrics[0], "one too many"]]
    answers = await asyncio.gather(*questions, return_exceptions=True)

    assert answers[-2] == answers[0]
    assert isinstance(answers[-1], NoAnswer)
    assert sorted(int(answer) for answer in answers[:MOST_WAITING] if isinstance(answer, bytes)) == list(
        range(1, MOST_WAITING + 1)
    )


async def test_stopping_the_insights_process_leaves_no_question_running(tmp_path: Path) -> None:
    apart = InsightsProcess((sys.executable, "-c", HANGS, str(tmp_path / "started")))
    asked = asyncio.ensure_future(apart.ask({"metric": "net"}))
    while not (tmp_path / "started").exists() or not (tmp_path / "started").read_text():  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    await apart.stop()

    require_dead((tmp_path / "started").read_text())
    with pytest.raises(asyncio.CancelledError):
        await asked


def require_dead(pid: str) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


SPILLS = """
import os, pathlib, sys, tempfile, time
spilt = pathlib.Path(tempfile.mkdtemp()) / "rows"
spilt.write_text("of people")
with open(sys.argv[1], "w") as told:
    print(os.getpid(), spilt, os.getpriority(os.PRIO_PROCESS, 0), file=told)
time.sleep(600)
"""


async def test_a_question_that_takes_too_long_is_killed_leaves_no_files_and_the_next_runs(tmp_path: Path) -> None:
    apart = InsightsProcess((sys.executable, "-c", SPILLS, str(tmp_path / "told")), limit_s=2)

    for _ in range(2):
        with pytest.raises(NoAnswer, match="too long"):
            await apart.ask({"metric": "net"})
        pid, spilt, niceness = (tmp_path / "told").read_text().split()
        require_dead(pid)
        assert not Path(spilt).exists()  # noqa: ASYNC240 - nothing else runs here
        assert int(niceness) >= GIVES_WAY


async def test_the_cache_of_insights_answers_is_bounded_in_bytes(tmp_path: Path) -> None:
    answers_at_length = COUNTS.replace("print(len", f"print('x' * {MOST_REMEMBERED_BYTES // 2}, len")
    apart = InsightsProcess((sys.executable, "-c", answers_at_length, str(tmp_path / "asked")))

    for metric in ("net", "gross", "gross", "net"):
        await apart.ask({"metric": metric})

    assert len((tmp_path / "asked").read_text().splitlines()) == 3


async def test_a_failed_insights_question_is_not_cached(tmp_path: Path) -> None:
    apart = InsightsProcess((sys.executable, "-c", "import sys; print('half'); sys.exit(1)"))

    for _ in range(2):
        with pytest.raises(NoAnswer, match="cannot be read"):
            await apart.ask({"metric": "net"})


VALUES = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 4))


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 0, [0, 1]),
        (0, 3, [0, 1, 2, 3]),
        (0, 100, [0, 25, 50, 75, 100]),
        (0, 0.9, [0, 0.25, 0.5, 0.75, 1.0]),
        (-1.2, 3.7, [-2, 0, 2, 4]),
        (-0.9, -0.1, [-1.0, -0.8, -0.6, -0.4, -0.2, 0.0]),
    ],
)
def test_axis_steps_are_round_and_cover_both_ends(low: float, high: float, found: list[float]) -> None:
    assert axis_steps(low, high) == pytest.approx(found)


@given(ends=st.tuples(VALUES, VALUES).map(sorted))
def test_axis_steps_are_few_and_enclose_every_value(ends: list[float]) -> None:
    low, high = ends
    found = axis_steps(low, high)
    slack = (found[-1] - found[0]) * 1e-6

    assert 2 <= len(found) <= 7
    assert found[0] <= low + slack
    assert high <= found[-1] + slack
