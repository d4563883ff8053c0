"""Asks a PostgreSQL how far it was filled, and changes nothing: also where no process fills it any more."""

import asyncio
from typing import NamedTuple

import asyncpg

LIMIT_S = 5.0
_STANDING = """
SELECT p.topic, count(*) FILTER (WHERE w.whole_at IS NULL)::integer,
    extract(epoch FROM clock_timestamp() - min(w.whole_at))::float8
FROM harmonia.topic_partitions p CROSS JOIN LATERAL generate_series(0, p.partitions - 1) AS each (part)
LEFT JOIN harmonia.positions w ON w.topic = p.topic AND w.part = each.part
GROUP BY p.topic ORDER BY p.topic
"""


class TopicStanding(NamedTuple):
    """How far PostgreSQL is in a topic. `missing`: partitions of which it never held all.

    `age_s`: seconds since it last held all of the partition that is furthest behind; None: it never did.
    """

    topic: str
    missing: int
    age_s: float | None


class StandingUnknown(Exception):
    """PostgreSQL does not tell. The text is its code (SQLSTATE), or the name of the error: no value, no address."""


async def standing_of(url: str) -> list[TopicStanding]:
    """How far the database at `url` is, by topic; empty where it was never filled. Raises `StandingUnknown`."""
    try:
        async with asyncio.timeout(LIMIT_S):
            connection = await asyncpg.connect(url, timeout=LIMIT_S, statement_cache_size=0)
            try:
                return [TopicStanding(*row) for row in await connection.fetch(_STANDING)]
            finally:
                connection.terminate()
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return []
    except asyncpg.PostgresError as error:
        code = str(error.sqlstate or type(error).__name__)
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError) as error:
        code = type(error).__name__
    raise StandingUnknown(code)  # outside the handlers, so that no text of PostgreSQL goes along
