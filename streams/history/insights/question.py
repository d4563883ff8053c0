"""Parses the parameters of a question about history, says what is wrong with them, and types the answer's document."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, NotRequired, get_args

from msgspec import Struct
from typing_extensions import TypedDict

from events.fields import MAX_ID
from events.registry import types_that
from events.spelling import nearest_name
from events.times import parse_time
from streams.history.insights.spans import By, Span, day_of, midnight, period_starts

Dimension = Literal["campaign", "team", "region", "channel"]
BYS: Final[tuple[By, ...]] = get_args(By)
DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)

MONEY_METRICS = ("gross", "refunded", "net")
HUMAN_METRICS: Mapping[str, str] = {"opens_human": "open", "clicks_human": "click"}
COUNTS = tuple(sorted(types_that(lambda spec: not spec.is_command) - {"interaction.retracted"}))
METRICS = (*COUNTS, *MONEY_METRICS, *HUMAN_METRICS)
MOST_POINTS = 2_000
_DAYS: Mapping[By, int] = {"week": 84, "day": 30, "hour": 2}
"""Default length of a question in days."""
PARAMETERS = ("metric", "by", "from", "to", *DIMENSIONS, "split")


class Question(Struct, frozen=True):
    """A question. `span`: in ms; `zone`: time zone of its days; `only`: values of dimensions to keep.

    `split`: a dimension, each value of which becomes a series.
    """

    metric: str
    by: By
    span: Span
    zone: str
    only: Mapping[Dimension, str]
    split: Dimension | None = None


class ParameterMistake(NamedTuple):
    """A wrong parameter, and how to put it right."""

    field: str
    cure: str


def question_of(said: Mapping[str, str], zone: str, now: int) -> Question | ParameterMistake:
    """The question in these parameters. `now`: ms since 1970; `zone`: time zone of its days."""
    for name in said:
        if name not in PARAMETERS:
            return ParameterMistake(name, f"is no parameter; give {', '.join(PARAMETERS)}")
    metric = said.get("metric", "")
    if metric not in METRICS:
        near = nearest_name(metric, METRICS)
        meant = f"did you mean {near}? " if near else ""
        return ParameterMistake("metric", f"{meant}give one of {', '.join(METRICS)}")
    by: By | None = next((name for name in BYS if name == said.get("by", "day")), None)
    if by is None:
        return ParameterMistake("by", "give hour, day or week")
    only: dict[Dimension, str] = {name: said[name] for name in DIMENSIONS if name in said}
    for name, value in only.items():
        if not (0 < len(value) <= MAX_ID and value.isprintable()):
            return ParameterMistake(name, f"give a text of 1 to {MAX_ID} characters")
    split = next((name for name in DIMENSIONS if name == said.get("split")), None)
    if split is None and "split" in said:
        return ParameterMistake("split", f"give one of {', '.join(DIMENSIONS)}")
    if "channel" in (*only, split) and metric in MONEY_METRICS:
        return ParameterMistake("channel", "money has none: leave it out")
    span = _span(said, by, zone, now)
    return span if isinstance(span, ParameterMistake) else Question(metric, by, span, zone, only, split)


def _span(said: Mapping[str, str], by: By, zone: str, now: int) -> Span | ParameterMistake:
    tomorrow = midnight(day_of(now, zone) + timedelta(days=1), zone)
    until = _moment(said["to"], zone) if "to" in said else tomorrow
    if until is None:
        return ParameterMistake("to", _MOMENT)
    since = _moment(said["from"], zone) if "from" in said else _earlier(until, by, zone)
    if since is None:
        return ParameterMistake("from", _MOMENT)
    if since >= until:
        return ParameterMistake("from", "give a time before `to`")
    span = Span(since, until)
    if span.until - span.since > MOST_POINTS * 86_400_000 or len(period_starts(by, span, zone)) > MOST_POINTS:
        return ParameterMistake("from", f"give a later time: at most {MOST_POINTS:,} points, by {by}, are answered")
    return span


_MOMENT = "give a date such as 2012-02-22, or RFC 3339 with an offset, of the years 1970 to 2200"
_LAST = 7_258_118_400_000


def _moment(text: str, zone: str) -> int | None:
    try:
        found = midnight(date.fromisoformat(text), zone) if len(text) == len("2012-02-22") else parse_time(text)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and 0 <= found <= _LAST else None


def _earlier(until: int, by: By, zone: str) -> int:
    """The default start: so many days before the end, in whole weeks, so that the first is not cut."""
    last = day_of(until - 1, zone)
    if by == "week":
        last += timedelta(days=6 - last.weekday())
    return max(0, midnight(last - timedelta(days=_DAYS[by] - 1), zone))


class Point(TypedDict):
    """What was counted in the hour, day or week that begins `at`."""

    at: str
    value: int | float


class SeriesDocument(TypedDict):
    """One series. `name`: the value of what it is split by, or null. `currency`: of money, in minor units."""

    name: str | None
    currency: NotRequired[str]
    total: int | float
    points: list[Point]


InsightsDocument = TypedDict(
    "InsightsDocument",
    {
        "metric": str,
        "by": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "only": dict[str, str],
        "split": str | None,
        "as_of": str,
        "known_since": str | None,
        "series": list[SeriesDocument],
        "left_out": int,
    },
)
"""An answer. `as_of`: everything up to then is in it. `left_out`: how many smaller series there are besides.

`known_since`: when the first interaction of all history happened; what ends before is not known, and counted as zero.
Null: there is no interaction.
"""
