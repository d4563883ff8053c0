import pytest

from events.times import parse_time
from streams.history.insights.question import METRICS, ParameterMistake, Question, question_of
from streams.history.insights.spans import By, day_of, period_starts

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
