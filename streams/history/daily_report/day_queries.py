"""Asks a history all that the page says of a day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import duckdb
from msgspec import Struct

from events.registry import types_that
from streams.history.daily_report.figures import Day, Held, Meeting, Money, Part, Pledges, Provider, Report, Talks
from streams.history.daily_report.message_outcomes import sends
from streams.history.daily_report.queries import (
    COMMITTEES,
    MEETINGS,
    METHODS,
    MONEY,
    PLEDGES,
    PROVIDERS,
    REFCODES,
    TURFS,
)
from streams.history.insights.history_source import History, Reach, open_history
from streams.history.insights.human_acts import acts_reaches
from streams.history.insights.known_values import time_range_of
from streams.history.insights.placing import create_placed_views, messages_reach
from streams.history.insights.spans import Span, day_span

WEEK = timedelta(days=7)
_TYPES = types_that(lambda spec: spec.in_daily_report)
Kind = TypeVar("Kind", bound=Struct)


def days_of(day: date, zone: str) -> tuple[Span, Span]:
    """The day, and the same of the week before."""
    return day_span(day, zone), day_span(day - WEEK, zone)


def report_of(history: History, day: date, zone: str, as_of: int, held: Sequence[tuple[Held, ...] | None]) -> Report:
    """The page of a day. `held`: of the day and of the one of the week before. Raises `duckdb.IOException`."""
    spans = days_of(day, zone)
    with open_history(history, [reach for span in spans for reach in _reaches(span)]) as connection:
        create_placed_views(connection)
        dates = (day.isoformat(), (day - WEEK).isoformat())
        found, before = (_day(connection, *each) for each in zip(dates, spans, held, strict=True))
    known = time_range_of(history) if found.is_empty else None
    return Report(zone, as_of, found, before, lake=history.files is not None, known=known)


def _reaches(span: Span) -> list[Reach]:
    return [Reach(_TYPES, span), messages_reach(span), *acts_reaches(span)]


def _day(connection: duckdb.DuckDBPyConnection, name: str, span: Span, held: tuple[Held, ...] | None) -> Day:
    def rows(kind: type[Kind], sql: str) -> tuple[Kind, ...]:
        return tuple(kind(*row) for row in asked(connection, sql, span))

    return Day(
        date=name,
        money=rows(Money, MONEY),
        refcodes=rows(Part, REFCODES),
        committees=rows(Part, COMMITTEES),
        pledges=rows(Pledges, PLEDGES)[0],
        sends=sends(connection, span),
        providers=rows(Provider, PROVIDERS),
        methods=rows(Talks, METHODS),
        turfs=rows(Talks, TURFS),
        meetings=rows(Meeting, MEETINGS),
        held=held,
    )


def asked(connection: duckdb.DuckDBPyConnection, sql: str, span: Span) -> list[Any]:
    """The rows of a query that knows `$since` and `$until`."""
    return connection.execute(sql, {"since": span.since, "until": span.until}).fetchall()
