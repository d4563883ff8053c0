"""Views that add campaign, region and channel to each interaction, also where it does not name them itself.

An open, click or opt-out often names only the message: then its campaign is the one that the message's sending named. A
missing region is the contact's in the latest snapshot.
"""

import duckdb

from events.registry import TOUCHES
from sinks.lake.views import listed
from streams.history.insights.history_source import Reach
from streams.history.insights.spans import Span

DAY_MS = 86_400_000
MESSAGE_DAYS = 14
"""Days within which events of one message are related to each other."""


def messages_reach(span: Span) -> Reach:
    """The part of history needed to know the campaigns of messages."""
    return Reach(TOUCHES, message_span(span))


def message_span(span: Span) -> Span:
    """The span in which all events of a message of `span` lie."""
    return span.wider(MESSAGE_DAYS * DAY_MS, MESSAGE_DAYS * DAY_MS)


def create_placed_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views `placed_counted` and `placed_effective`: each interaction with campaign, region and channel.

    The columns are `campaign`, `place` and `reached_by`, null where nothing is known; all others are the lake's.
    """
    connection.execute(_KNOWN.format(touches=listed(TOUCHES)))
    for name in ("counted", "effective"):
        connection.execute(_PLACED.format(name=name))


_KNOWN = """
    CREATE TABLE message_campaigns AS
    SELECT contact_id, split_part("type", '.', 1) AS medium, message_id, min(campaign_id) AS campaign_id
    FROM interactions_counted
    WHERE "type" IN {touches}
      AND message_id IS NOT NULL AND campaign_id IS NOT NULL
    GROUP BY ALL;
    CREATE TABLE regions AS
    SELECT contact_id, "profile" ->> '$.zones.region' AS region FROM lake_profiles;
"""
_PLACED = """
    CREATE VIEW placed_{name} AS
    SELECT
        i.*,
        coalesce(i.campaign_id, m.campaign_id) AS campaign,
        coalesce(i.region, r.region) AS place,
        CASE
            WHEN i."type" LIKE 'email.%' OR i."type" LIKE 'text.%' THEN split_part(i."type", '.', 1)
            WHEN i."type" = 'canvass.reported' THEN i.method
            WHEN i."type" = 'consent.changed' THEN i.channel
        END AS reached_by
    FROM interactions_{name} AS i
    LEFT JOIN message_campaigns AS m
        ON m.contact_id = i.contact_id AND m.message_id = i.message_id AND m.medium = split_part(i."type", '.', 1)
    LEFT JOIN regions AS r ON r.contact_id = i.contact_id
"""
