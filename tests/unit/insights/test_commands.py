from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.cli.series import show, sparkline
from streams.insights.shapes import InsightsDocument, Point, SeriesDocument


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["insights", "email.forwarded"], "METRIC: give one of ballot.reported,"),
        (["insights", "email.sent", "--from", "today"], "--from: give a date such as 2012-02-22"),
        (["report", "daily", "--date", "yesterday"], "--date: give a date such as 2012-02-22"),
        (["report", "daily", "--date", "1969-01-01"], "--date: give a date such as 2012-02-22"),
        (["report", "daily", "--date", "2199-01-01"], "--date: this day has not begun"),
    ],
)
def test_what_cannot_be_asked_is_refused(words: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, words)

    assert ended.exit_code == 2
    assert ended.output.startswith(said)


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
        "series": series,
        "left_out": 0,
    }


@pytest.mark.parametrize(
    ("many", "told"),
    [
        (2, "from 2012-02-22 to 2012-02-23, 1 day a character"),
        (450, "from 2012-02-22 to 2013-05-16, 10 days a character"),
    ],
)
def test_what_a_line_of_bars_spans_is_said(many: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(days_from(date(2012, 2, 22), many))

    assert told in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("values", "shown"),
    [([], ""), ([0, 0], "▁▁"), ([0, 4, 7], "▁▅█"), ([-3, 7], "▁█"), ([1, 1, 2, 2, 0], "▅█▁")],
)
def test_a_line_of_bars(values: list[int], shown: str) -> None:
    assert sparkline(values, 3) == shown
