"""Answers a question with series: by hour, day or week, one for each value of what it is split by and each currency.

Rows are added up in quarters of an hour, which every time zone's hours and days consist of, and those in Python, which
knows the zones.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
from msgspec import Struct

from events.registry import MONEY_TYPES
from streams.history.insights.history_source import History, Reach, opened
from streams.history.insights.human_acts import judged_acts, reaches_of_acts
from streams.history.insights.placing import place, reach_of_messages
from streams.history.insights.question import HUMAN, MONEY, Dimension, Question
from streams.history.insights.spans import place_of, starts

QUARTER_MS = 900_000
MOST_SERIES = 100
"""The largest ones; the others are left out and counted."""


class Series(Struct, frozen=True):
    """Values by start, in minor units of `currency` where it is money. `name`: of what it is split by; null: none."""

    name: str | None
    currency: str | None
    values: Sequence[int | float]

    @property
    def total(self) -> int | float:
        """Of all of them."""
        return round(sum(self.values), 3)


class Answer(Struct, frozen=True):
    """`starts`: when each hour, day or week begins, ms since 1970; `left_out`: how many series there are besides."""

    starts: Sequence[int]
    series: Sequence[Series]
    left_out: int


class _Cell(NamedTuple):
    at: int
    name: str | None
    currency: str | None
    value: int


def answer(history: History, question: Question) -> Answer:
    """What a history says. Raises `duckdb.Error` when a file of it cannot be read."""
    return answers(history, [question])[0]


def answers(history: History, questions: Sequence[Question]) -> list[Answer]:
    """What it says to each of several questions, read once. Raises as `answer`."""
    with opened(history, [reach for question in questions for reach in _reaches(question)]) as connection:
        place(connection)
        return [_answered(connection, question) for question in questions]


def _answered(connection: duckdb.DuckDBPyConnection, question: Question) -> Answer:
    cells = list(_cells(connection, question))
    beginnings = starts(question.by, question.span, question.zone)
    scale = 1000 if question.metric in HUMAN else 1
    found: dict[tuple[str | None, str | None], list[int]] = {}
    for cell in cells:
        values = found.setdefault((cell.name, cell.currency), [0] * len(beginnings))
        values[place_of(cell.at, beginnings)] += cell.value
    if not found and question.split is None and question.metric not in MONEY:
        found[None, None] = [0] * len(beginnings)
    ordered = sorted(found.items(), key=lambda item: (-abs(sum(item[1])), item[0][0] or "", item[0][1] or ""))
    series = [
        Series(name, currency, [value / scale for value in values] if scale > 1 else values)
        for (name, currency), values in ordered[:MOST_SERIES]
    ]
    return Answer(beginnings, series, max(0, len(ordered) - MOST_SERIES))


def _reaches(question: Question) -> list[Reach]:
    if question.metric in HUMAN:
        return reaches_of_acts(question.span)
    types = tuple(MONEY_TYPES) if question.metric in MONEY else (question.metric,)
    by_campaign = question.split == "campaign" or "campaign" in question.only
    return [Reach(types, question.span), *([reach_of_messages(question.span)] if by_campaign else ())]


def _cells(connection: duckdb.DuckDBPyConnection, question: Question) -> Iterator[_Cell]:
    if question.metric in HUMAN:
        yield from _acts(connection, question)
        return
    money = question.metric in MONEY
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
    kind = HUMAN[question.metric]
    for act in judged_acts(connection, question.span):
        values: dict[Dimension, str | None] = {
            "campaign": act.campaign,
            "team": act.team,
            "region": act.place,
            "channel": "email",
        }
        if act.kind == kind and all(values[name] == value for name, value in question.only.items()):
            yield _Cell(act.time, None if question.split is None else values[question.split], None, act.milli)
