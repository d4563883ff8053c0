"""What followed messages on a day, by campaign: deliveries, clicks, opt-outs, and money raised.

A gift was raised by the campaign it names, or whose name is its refcode. One that names none was raised by the latest
message that asked its giver for money, if that came within a day before and the gift is no instalment, which is charged
by itself.
"""

from collections import defaultdict
from typing import Any

import duckdb

from streams.history.daily_report.figures import SendResults
from streams.history.insights.human_acts import judged_acts
from streams.history.insights.spans import Span

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
        money = raised.get(campaign, {})
        found.append(
            SendResults(
                campaign, tuple(channels), delivered, clicks.get(campaign, 0), unsubscribes, complaints, money, sent
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.reached, one.campaign or "")))


def _raised(connection: duckdb.DuckDBPyConnection, span: Span) -> dict[str | None, dict[str, int]]:
    found: dict[str | None, dict[str, int]] = {}
    for campaign, currency, gross in _asked(connection, _RAISED, span):
        found.setdefault(campaign, {})[currency] = int(gross)
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
    SELECT campaign, currency, sum(gross) FROM answered
    WHERE campaign IN (SELECT campaign FROM campaigns)
    GROUP BY ALL
"""
