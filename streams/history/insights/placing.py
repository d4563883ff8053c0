"""To which campaign, region and channel each interaction belongs, also where it does not say so itself.

An act or a wish often names the message and not the campaign: then it is the message's, as its sending told it. A
region that an interaction does not name is that of the person in the latest snapshot.
"""

import duckdb

from events.registry import TOUCHES
from sinks.lake.views import listed
from streams.history.insights.history_source import Reach
from streams.history.insights.spans import Span

DAY_MS = 86_400_000
MESSAGE_DAYS = 14
"""So many days apart, a message's events still know of each other."""


def reach_of_messages(span: Span) -> Reach:
    """What has to be read so that the campaigns of messages are known."""
    return Reach(TOUCHES, around(span))


def around(span: Span) -> Span:
    """In which all that belongs to a message of a span lies."""
    return span.wider(MESSAGE_DAYS * DAY_MS, MESSAGE_DAYS * DAY_MS)


def place(connection: duckdb.DuckDBPyConnection) -> None:
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
