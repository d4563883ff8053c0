"""Queries a history for everything that the daily report says of a day.

Each SQL query gives the fields of one kind of figures, in order. `$since` and `$until`: the day, in ms since 1970.

A gift was raised by the campaign it names, or whose name is its refcode. One that names none was raised by the latest
message that asked its giver for money, if that came within a day before and the gift is no instalment, which is charged
by itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import duckdb
from msgspec import Struct

from events.registry import RSVPS, Rsvp, types_that
from sinks.lake.views import listed
from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    EventAttendance,
    HeldBackCount,
    MailboxProvider,
    MoneyPart,
    Pledges,
    SendResults,
)
from streams.history.insights.history_source import History, Reach, create_placed_views, messages_reach, open_history
from streams.history.insights.human_acts import acts_reaches, judged_acts
from streams.history.insights.known_values import time_range_of
from streams.history.insights.spans import Span, day_span

MONEY = """
    WITH firsts AS (
        SELECT * FROM donations WHERE gross > 0 AND contact_id IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY contact_id ORDER BY "time", source, id) = 1
    ),
    fresh AS (
        SELECT currency, count(*) AS people FROM firsts
        WHERE epoch_ms("time") >= $since AND epoch_ms("time") < $until
        GROUP BY currency
    ),
    totals AS (
        SELECT currency, count(*) FILTER (gross > 0) AS gifts, sum(gross) AS gross, sum(refunded) AS refunded,
               count(DISTINCT contact_id) FILTER (gross > 0) AS donors
        FROM donations
        WHERE epoch_ms("time") >= $since AND epoch_ms("time") < $until
        GROUP BY currency
    )
    SELECT t.currency, t.gifts, t.gross, t.refunded, t.donors, coalesce(f.people, 0)
    FROM totals AS t LEFT JOIN fresh AS f ON f.currency = t.currency
    ORDER BY t.gross DESC, t.currency
"""

_PART = """
    SELECT {name}, currency, count(*) FILTER (gross > 0) AS gifts, sum(gross) AS gross, sum(refunded) AS refunded
    FROM donations
    WHERE epoch_ms("time") >= $since AND epoch_ms("time") < $until
    GROUP BY ALL
    ORDER BY sum(net) DESC, {name}, currency
"""
REFCODES = _PART.format(name="refcode")
COMMITTEES = _PART.format(name="committee")

PLEDGES = """
    WITH words AS (
        SELECT contact_id, pledge_id, "type", epoch_ms("time") AS moment, source, id
        FROM interactions_effective
        WHERE pledge_id IS NOT NULL AND epoch_ms("time") < $until
          AND "type" IN ('donation.made', 'donation.charge_failed', 'donation.pledge_cancelled')
    ),
    states AS (
        SELECT *, lag("type") OVER (PARTITION BY contact_id, pledge_id ORDER BY moment, source, id) AS earlier
        FROM words
    ),
    -- Since when the pledge stands as it does: the latest word that changed it.
    changes AS (
        SELECT contact_id, pledge_id, max(moment) AS since FROM states
        WHERE earlier IS DISTINCT FROM "type"
        GROUP BY contact_id, pledge_id
    ),
    latest AS (
        SELECT * FROM words
        QUALIFY row_number() OVER (
            PARTITION BY contact_id, pledge_id ORDER BY moment DESC, source DESC, id DESC
        ) = 1
    )
    SELECT
        count(*) FILTER (l."type" = 'donation.made'),
        count(*) FILTER (l."type" = 'donation.charge_failed'),
        count(*) FILTER (l."type" = 'donation.pledge_cancelled'),
        count(*) FILTER (l."type" = 'donation.made' AND c.since >= $since),
        count(*) FILTER (l."type" = 'donation.charge_failed' AND c.since >= $since),
        count(*) FILTER (l."type" = 'donation.pledge_cancelled' AND c.since >= $since)
    FROM latest AS l JOIN changes AS c ON c.contact_id = l.contact_id AND c.pledge_id = l.pledge_id
"""

PROVIDERS = """
    SELECT mailbox,
           count(DISTINCT (contact_id, message_id)) FILTER ("type" = 'email.delivered') AS delivered,
           count(*) FILTER ("type" = 'email.unsubscribed'),
           count(*) FILTER ("type" = 'email.complained')
    FROM interactions_effective
    WHERE "type" IN ('email.delivered', 'email.unsubscribed', 'email.complained')
      AND epoch_ms("time") >= $since AND epoch_ms("time") < $until
    GROUP BY mailbox
    ORDER BY delivered DESC, mailbox
"""

_TALKS = """
    SELECT {name}, count(*) AS attempts, count(*) FILTER (outcome = 'contacted'),
           count(*) FILTER (outcome = 'contacted' AND support IN (1, 2))
    FROM interactions_effective
    WHERE "type" = 'canvass.reported' {only}
      AND epoch_ms("time") >= $since AND epoch_ms("time") < $until
    GROUP BY {name}
    ORDER BY attempts DESC, {name}
"""
METHODS = _TALKS.format(name="method", only="")
TURFS = _TALKS.format(name="turf", only="AND method = 'door'")

_MEETINGS = """
    WITH words AS (
        SELECT contact_id, event_id, "type", "time", source, id,
               coalesce(starts_at, max(starts_at) OVER (PARTITION BY contact_id, event_id)) AS starts
        FROM interactions_effective
        WHERE "type" IN {any}
    ),
    latest AS (
        SELECT * FROM words
        QUALIFY row_number() OVER (
            PARTITION BY contact_id, event_id, starts ORDER BY "time" DESC, source DESC, id DESC
        ) = 1
    )
    SELECT event_id,
           count(*) FILTER ("type" NOT IN {cancelled}) AS promised,
           count(*) FILTER ("type" IN {attended}),
           count(*) FILTER ("type" IN {no_show}),
           count(*) FILTER ("type" IN {cancelled})
    FROM latest
    WHERE epoch_ms(coalesce(starts, "time")) >= $since AND epoch_ms(coalesce(starts, "time")) < $until
      AND (starts IS NOT NULL OR "type" IN {outcomes})
    GROUP BY event_id
    ORDER BY promised DESC, event_id
"""


def _rsvps(*wanted: Rsvp) -> str:
    return listed(type_ for type_, rsvp in RSVPS.items() if rsvp in wanted)


MEETINGS = _MEETINGS.format(
    any=listed(RSVPS),
    cancelled=_rsvps("cancelled"),
    attended=_rsvps("attended"),
    no_show=_rsvps("no_show"),
    outcomes=_rsvps("attended", "no_show"),
)


WEEK = timedelta(days=7)
_TYPES = types_that(lambda spec: spec.in_daily_report)
Kind = TypeVar("Kind", bound=Struct)


def day_and_week_before(day: date, zone: str) -> tuple[Span, Span]:
    """The day, and the same day of the week before."""
    return day_span(day, zone), day_span(day - WEEK, zone)


def report_of(
    history: History, day: date, zone: str, as_of: int, held: Sequence[tuple[HeldBackCount, ...] | None]
) -> DailyReport:
    """The report of a day. `held`: of the day and of the one a week before. Raises `duckdb.IOException`."""
    spans = day_and_week_before(day, zone)
    with open_history(history, [reach for span in spans for reach in _reaches(span)]) as connection:
        create_placed_views(connection)
        dates = (day.isoformat(), (day - WEEK).isoformat())
        found, before = (_day(connection, *each) for each in zip(dates, spans, held, strict=True))
    known = time_range_of(history) if found.is_empty else None
    return DailyReport(zone, as_of, found, before, lake=history.files is not None, known=known)


def _reaches(span: Span) -> list[Reach]:
    return [Reach(_TYPES, span), messages_reach(span), *acts_reaches(span)]


def _day(
    connection: duckdb.DuckDBPyConnection, name: str, span: Span, held: tuple[HeldBackCount, ...] | None
) -> DayFigures:
    def rows(kind: type[Kind], sql: str) -> tuple[Kind, ...]:
        return tuple(kind(*row) for row in query_day(connection, sql, span))

    return DayFigures(
        date=name,
        money=rows(CurrencyTotals, MONEY),
        refcodes=rows(MoneyPart, REFCODES),
        committees=rows(MoneyPart, COMMITTEES),
        pledges=rows(Pledges, PLEDGES)[0],
        sends=send_results(connection, span),
        providers=rows(MailboxProvider, PROVIDERS),
        methods=rows(CanvassResults, METHODS),
        turfs=rows(CanvassResults, TURFS),
        meetings=rows(EventAttendance, MEETINGS),
        held=held,
    )


def query_day(connection: duckdb.DuckDBPyConnection, sql: str, span: Span) -> list[Any]:
    """The rows of a query with the parameters `$since` and `$until`."""
    return connection.execute(sql, {"since": span.since, "until": span.until}).fetchall()


RAISED_WITHIN_MS = 86_400_000


def send_results(connection: duckdb.DuckDBPyConnection, span: Span) -> tuple[SendResults, ...]:
    """Results by campaign, the most messages first. `create_placed_views` must have been called."""
    clicks: dict[str | None, int] = defaultdict(int)
    for act in judged_acts(connection, span):
        if act.kind == "click":
            clicks[act.campaign] += act.milli
    raised = _raised(connection, span)
    told: dict[str | None, tuple[Any, ...]] = {row[0]: row[1:] for row in _asked(connection, _MESSAGES, span)}
    nothing: tuple[Any, ...] = ((), 0, 0, 0, 0)
    found = []
    for campaign in told.keys() | clicks.keys() | raised.keys():
        channels, sent, delivered, unsubscribes, complaints = told.get(campaign, nothing)
        money, gifts = raised.get(campaign, ({}, 0))
        of_mail = delivered, clicks.get(campaign, 0), unsubscribes, complaints
        found.append(SendResults(campaign, tuple(channels), *of_mail, money, sent, gifts))
    return tuple(sorted(found, key=lambda one: (-one.reached, one.campaign or "")))


def _raised(connection: duckdb.DuckDBPyConnection, span: Span) -> dict[str | None, tuple[dict[str, int], int]]:
    """By campaign what was raised in each currency, and of how many gifts."""
    found: dict[str | None, tuple[dict[str, int], int]] = {}
    for campaign, currency, gross, gifts in _asked(connection, _RAISED, span):
        sums, before = found.get(campaign, ({}, 0))
        found[campaign] = {**sums, currency: int(gross)}, before + gifts
    return found


def _asked(connection: duckdb.DuckDBPyConnection, sql: str, span: Span) -> list[tuple[Any, ...]]:
    limits = {"since": span.since, "until": span.until}
    if "$within" in sql:
        limits["within"] = RAISED_WITHIN_MS
    return connection.execute(sql, limits).fetchall()


_MESSAGES = """
    SELECT campaign, list_sort(list(DISTINCT reached_by)),
           count(DISTINCT (contact_id, message_id)) FILTER ("type" IN ('email.sent', 'text.sent')),
           count(DISTINCT (contact_id, message_id)) FILTER ("type" IN ('email.delivered', 'text.delivered')),
           count(*) FILTER ("type" IN ('email.unsubscribed', 'text.opted_out')),
           count(*) FILTER ("type" = 'email.complained')
    FROM placed_effective
    WHERE "type" IN (
            'email.sent', 'text.sent', 'email.delivered', 'text.delivered',
            'email.unsubscribed', 'text.opted_out', 'email.complained'
        )
      AND epoch_ms("time") >= $since AND epoch_ms("time") < $until
    GROUP BY campaign
"""
_RAISED = """
    WITH campaigns AS (SELECT DISTINCT campaign_id AS campaign FROM message_campaigns),
    gifts AS (
        SELECT d.*, coalesce(d.campaign_id, c.campaign) AS named
        FROM donations AS d LEFT JOIN campaigns AS c ON c.campaign = d.refcode
        WHERE d.gross > 0 AND epoch_ms(d."time") >= $since AND epoch_ms(d."time") < $until
    ),
    asked AS (
        SELECT contact_id, "time", campaign_id FROM touches
        WHERE channel IN ('email', 'text') AND purpose = 'fundraising' AND campaign_id IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY contact_id, "time" ORDER BY source DESC, id DESC) = 1
    ),
    answered AS (
        SELECT g.currency, g.gross, CASE
                WHEN g.named IS NOT NULL THEN g.named
                WHEN coalesce(g.instalment, 1) <= 1 AND epoch_ms(g."time") - epoch_ms(a."time") <= $within
                    THEN a.campaign_id
            END AS campaign
        FROM gifts AS g ASOF LEFT JOIN asked AS a ON a.contact_id = g.contact_id AND g."time" >= a."time"
    )
    SELECT campaign, currency, sum(gross), count(*) FROM answered
    WHERE campaign IN (SELECT campaign FROM campaigns)
    GROUP BY ALL
"""
