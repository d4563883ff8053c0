from datetime import date, timedelta

import pytest

from events.times import parse_time
from streams.cli.insights import has_counts, show, show_all, sparkline
from streams.history.insights.question import InsightsDocument, Point, SeriesDocument


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
