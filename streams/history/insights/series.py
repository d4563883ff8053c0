"""Answers a question with time series by hour, day or week, one for each value of its split and each currency.

DuckDB adds rows up in quarters of an hour, of which every time zone's hours and days consist; Python, which knows the
zones, adds up the quarters.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
from msgspec import Struct

from events.registry import MONEY_TYPES
from events.times import render_time
from streams.history.insights.history_source import History, Reach, create_placed_views, messages_reach, open_history
from streams.history.insights.human_acts import acts_reaches, judged_acts
from streams.history.insights.known_values import TimeRange
from streams.history.insights.question import (
    HUMAN_METRICS,
    MONEY_METRICS,
    Dimension,
    InsightsDocument,
    Point,
    Question,
    SeriesDocument,
)
from streams.history.insights.spans import index_of, period_starts

QUARTER_MS = 900_000
MOST_SERIES = 100
"""Only the largest series are answered; the others are counted."""


class Series(Struct, frozen=True):
    """Values by start, money in minor units of `currency`.

    `name`: the value of the split dimension; null: none was told.
    """

    name: str | None
    currency: str | None
    values: Sequence[int | float]

    @property
    def total(self) -> int | float:
        """The sum of all values."""
        return round(sum(self.values), 3)


class SeriesAnswer(Struct, frozen=True):
    """An answer. `starts`: when each hour, day or week begins, ms since 1970; `left_out`: number of further series."""

    starts: Sequence[int]
    series: Sequence[Series]
    left_out: int


class _Cell(NamedTuple):
    at: int
    name: str | None
    currency: str | None
    value: int


def answer_question(history: History, question: Question) -> SeriesAnswer:
    """The answer of a history to a question. Raises `duckdb.Error` when a file of it cannot be read."""
    return answer_questions(history, [question])[0]


def answer_questions(history: History, questions: Sequence[Question]) -> list[SeriesAnswer]:
    """The answers to several questions, for which the history is read once. Raises as `answer_question`."""
    with open_history(history, [reach for question in questions for reach in _reaches(question)]) as connection:
        create_placed_views(connection)
        return [_answered(connection, question) for question in questions]


def _answered(connection: duckdb.DuckDBPyConnection, question: Question) -> SeriesAnswer:
    cells = list(_cells(connection, question))
    beginnings = period_starts(question.by, question.span, question.zone)
    scale = 1000 if question.metric in HUMAN_METRICS else 1
    found: dict[tuple[str | None, str | None], list[int]] = {}
    for cell in cells:
        values = found.setdefault((cell.name, cell.currency), [0] * len(beginnings))
        values[index_of(cell.at, beginnings)] += cell.value
    if not found and question.split is None and question.metric not in MONEY_METRICS:
        found[None, None] = [0] * len(beginnings)
    ordered = sorted(found.items(), key=lambda item: (-abs(sum(item[1])), item[0][0] or "", item[0][1] or ""))
    series = [
        Series(name, currency, [value / scale for value in values] if scale > 1 else values)
        for (name, currency), values in ordered[:MOST_SERIES]
    ]
    return SeriesAnswer(beginnings, series, max(0, len(ordered) - MOST_SERIES))


def _reaches(question: Question) -> list[Reach]:
    if question.metric in HUMAN_METRICS:
        return acts_reaches(question.span)
    types = tuple(MONEY_TYPES) if question.metric in MONEY_METRICS else (question.metric,)
    by_campaign = question.split == "campaign" or "campaign" in question.only
    return [Reach(types, question.span), *([messages_reach(question.span)] if by_campaign else ())]


def _cells(connection: duckdb.DuckDBPyConnection, question: Question) -> Iterator[_Cell]:
    if question.metric in HUMAN_METRICS:
        yield from _acts(connection, question)
        return
    money = question.metric in MONEY_METRICS
    columns, source = (_OF_MONEY, _MONEY) if money else (_OF_COUNTS, "placed_counted")
    said: dict[str, Any] = {"since": question.span.since, "until": question.span.until, "slot": QUARTER_MS}
    where = []
    for name, value in question.only.items():
        where.append(f"AND {columns[name]} = ${name}")
        said[name] = value
    if not money:
        where.append('AND "type" = $metric')
        said["metric"] = question.metric
    sql = _SERIES.format(
        name="NULL" if question.split is None else columns[question.split],
        currency="currency" if money else "NULL",
        value=f"sum({question.metric})" if money else "count(*)",
        source=source,
        where=" ".join(where),
    )
    for row in connection.execute(sql, said).fetchall():
        yield _Cell(max(row[0], question.span.since), row[1], row[2], int(row[3]))


_OF_COUNTS: dict[Dimension, str] = {
    "campaign": "campaign",
    "team": "team",
    "region": "place",
    "channel": "reached_by",
}
_OF_MONEY: dict[Dimension, str] = {**_OF_COUNTS, "campaign": "campaign_id"}
_MONEY = """(
    SELECT d.* , coalesce(d.region, r.region) AS place
    FROM donations AS d LEFT JOIN regions AS r ON r.contact_id = d.contact_id
)"""
_SERIES = """
    SELECT epoch_ms("time") // $slot * $slot AS slot, {name} AS name, {currency} AS currency, {value}
    FROM {source}
    WHERE epoch_ms("time") >= $since AND epoch_ms("time") < $until {where}
    GROUP BY ALL
"""


def _acts(connection: duckdb.DuckDBPyConnection, question: Question) -> Iterator[_Cell]:
    kind = HUMAN_METRICS[question.metric]
    for act in judged_acts(connection, question.span):
        values: dict[Dimension, str | None] = {
            "campaign": act.campaign,
            "team": act.team,
            "region": act.place,
            "channel": "email",
        }
        if act.kind == kind and all(values[name] == value for name, value in question.only.items()):
            yield _Cell(act.time, None if question.split is None else values[question.split], None, act.milli)


def document_of(question: Question, answer: SeriesAnswer, as_of: int, known: TimeRange | None) -> InsightsDocument:
    """The answer as the JSON document of `harmonia insights` and the API.

    `as_of`: ms since 1970; `known`: time range of the whole history.
    """
    return {
        "metric": question.metric,
        "by": question.by,
        "time_zone": question.zone,
        "from": render_time(question.span.since),
        "to": render_time(question.span.until),
        "only": {str(name): value for name, value in question.only.items()},
        "split": question.split,
        "as_of": render_time(as_of),
        "known_since": None if known is None else render_time(known.first),
        "series": [_series(answer, one) for one in answer.series],
        "left_out": answer.left_out,
    }


def _series(answer: SeriesAnswer, one: Series) -> SeriesDocument:
    points: list[Point] = [
        {"at": render_time(start), "value": value} for start, value in zip(answer.starts, one.values, strict=True)
    ]
    found: SeriesDocument = {"name": one.name, "total": one.total, "points": points}
    return found if one.currency is None else {**found, "currency": one.currency}
