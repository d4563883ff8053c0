"""Insights in a process of their own."""

import asyncio
import os
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from events.times import parse_time
from streams.cli.insights import has_counts, show, show_all, sparkline
from streams.domain.messages import CodedMessage, english
from streams.history.insights.known_values import (
    TimeRange,
    names_of,
    time_range_of,
    topic_began,
    unknown_value_remarks,
)
from streams.history.insights.own_process import (
    MOST_REMEMBERED_BYTES,
    MOST_WAITING,
    InsightsProcess,
    NoAnswer,
)
from streams.history.insights.question import InsightsDocument, Point, SeriesDocument
from streams.platform.tied_process import GIVES_WAY
from tests.contract.lake.conftest import quick_folder
from tests.unit.events.records import NOW
from tests.unit.history.insights.lakes import history_of, only_tail
from tests.unit.history.lake.topic_records import DAY, topic_record


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
    ("values", "shown"),
    [([], ""), ([0, 0], "▁▁"), ([0, 4, 7], "▁▅█"), ([-3, 7], "▁█"), ([1, 1, 2, 2, 0], "▅█▁")],
)
def test_values_are_drawn_as_a_line_of_bars(values: list[int], shown: str) -> None:
    assert sparkline(values, 3) == shown


def test_insights_show_not_known_before_the_first_interaction(
    capsys: pytest.CaptureFixture[str],
) -> None:
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


def said(remarks: list[CodedMessage]) -> list[str]:
    return [english(remark) for remark in remarks]


def test_the_time_range_covers_files_and_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = quick_folder(tmp_path, monkeypatch)
    filed = [topic_record(at, "email.sent", NOW - at * DAY - at) for at in range(4)]
    tail = [topic_record(4, "text.sent", NOW + 5)]

    assert time_range_of(history_of(files, filed)) == TimeRange(NOW - 3 * DAY - 3, NOW)
    assert time_range_of(history_of(quick_folder(tmp_path / "two", monkeypatch), filed, tail)) == TimeRange(
        NOW - 3 * DAY - 3, NOW + 5
    )


def test_commands_about_contacts_do_not_extend_the_time_range() -> None:
    erasure = topic_record(0, "contact.erased", NOW - DAY)

    assert time_range_of(only_tail([erasure])) is None
    assert time_range_of(only_tail([erasure, topic_record(1, "email.sent", NOW)])) == TimeRange(NOW, NOW)


def test_an_unknown_campaign_or_team_is_named_with_the_nearest_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = [
        topic_record(at, "email.sent", NOW - at * DAY, campaign_id=f"gotv-{at}", team="digital") for at in range(4)
    ]
    tail = [topic_record(4, "text.sent", NOW, campaign_id="texts")]
    history = history_of(quick_folder(tmp_path, monkeypatch), filed, tail)

    assert names_of(history, "campaign_id") == {"gotv-0", "gotv-1", "gotv-2", "gotv-3", "texts"}
    assert unknown_value_remarks(history, {"campaign": "gotv-2", "team": "digital"}) == []
    assert said(unknown_value_remarks(history, {"campaign": "txets", "team": "digtal", "region": "US-ZZ"})) == [
        "nothing is known of campaign txets; did you mean texts?",
        "nothing is known of team digtal; did you mean digital?",
    ]
    assert said(unknown_value_remarks(only_tail(tail), {"campaign": "doors"})) == ["nothing is known of campaign doors"]


def test_a_name_that_looks_like_an_address_is_never_suggested() -> None:
    tail = [topic_record(1, "text.sent", NOW, campaign_id="ada@example.org")]

    assert said(unknown_value_remarks(only_tail(tail), {"campaign": "ada.example.org"})) == [
        "nothing is known of campaign ada.example.org"
    ]


def test_history_begins_with_the_topic_where_no_lake_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = topic_record(0, "donation.made", NOW - 28 * DAY)  # of long ago, and in the topic only now
    tail = [late, topic_record(1, "email.sent", NOW - 1)]

    assert topic_began(only_tail(tail)) == NOW
    assert topic_began(only_tail([])) is None
    assert topic_began(history_of(quick_folder(tmp_path, monkeypatch), [], tail)) is None


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
