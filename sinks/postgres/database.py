"""One PostgreSQL database, as the sinks call it: each call is one statement, within a time limit.

A statement is one call of a function of the schema `harmonia`, so it is one transaction by itself: nobody who freezes
or is killed leaves a transaction open, and a PgBouncer that pools transactions may stand between.
"""

import asyncio
import logging
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import asyncpg

from sinks.base import SinkUnavailable
from sinks.postgres.outages import Outage, described
from sinks.redis_call import Backoff

logger = logging.getLogger(__name__)

TIMEOUT_S = 20.0
"""Seconds that a call may take, connecting included."""
CONNECTIONS = 4
TABLES = ("contact_records", "topic_records")
"""Where people are."""
VACUUM_LIMIT_S = 1800.0

_MIGRATIONS_LOCK = 4_815_162_342
_PREPARE = """
CREATE SCHEMA IF NOT EXISTS harmonia;
CREATE TABLE IF NOT EXISTS harmonia.migrations (number integer PRIMARY KEY, applied_at timestamptz NOT NULL);
"""


class RefusedValue(Exception):
    """PostgreSQL takes a value of a call never, however often it is tried. Nothing of the call was stored."""


class NewerSchema(Exception):
    """The schema was made by a later version of Harmonia; this one would write what that does not expect."""


class OtherPartitions(Exception):
    """The schema has rows of another number of partitions: whoever is in another one by now would be there twice."""


def migrations() -> list[tuple[int, str]]:
    """The steps by which the schema is made, by number: the SQL files of `migrations/`."""
    found = [each for each in files("sinks.postgres").joinpath("migrations").iterdir() if each.name.endswith(".sql")]
    return sorted((int(each.name.split("_")[0]), each.read_text(encoding="utf-8")) for each in found)


class PostgresDatabase:
    """The database at `url`, connected to by the first call. Several sinks share it.

    Its schema is made and brought up to date before the first call, and again where it has gone. `partitions`: how many
    each topic has whose rows are to be there; the schema keeps to those with which it was filled.
    """

    def __init__(
        self,
        url: str,
        *,
        partitions: Mapping[str, int] | None = None,
        timeout: float = TIMEOUT_S,
        backoff: Backoff | None = None,
        outage: Outage | None = None,
    ) -> None:
        self._url = url
        self._partitions = partitions or {}
        self._timeout = timeout
        self._backoff = backoff or Backoff()
        self._outage = outage or Outage()
        self._pool: asyncpg.Pool | None = None
        self._migrating = asyncio.Lock()
        self._is_migrated = False
        self.trouble: str | None = "it was not asked yet"
        """Why PostgreSQL takes nothing now, in a few words; None: it does."""

    async def call(self, statement: str, *values: object, limit_s: float | None = None) -> Any:
        """The first value of the answer. Raises SinkUnavailable, RefusedValue, NewerSchema, OtherPartitions.

        `limit_s`: seconds that this call may take, where it takes longer than others.
        """
        try:
            async with asyncio.timeout(limit_s or self._timeout):
                pool = self._connections()
                await pool  # opens no connection, and does nothing the second time
                connection = await pool.acquire()
                try:
                    await self._migrate(connection)
                    answer = await connection.fetchval(statement, *values)
                except (TimeoutError, asyncio.CancelledError):
                    connection.terminate()  # else giving it back waits for a server that does not answer
                    raise
                finally:
                    await pool.release(connection)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            refused, failure = _is_of_data(error), _named(error)
            if _lacks_schema(error):
                self._is_migrated = False
        else:
            self._backoff.over()
            self.trouble = None
            if (said := self._outage.answered()) is not None:
                logger.warning(said)
            return answer
        # Outside the handler: the cause, whose text may show a value, does not go along as context.
        if refused:
            raise RefusedValue(failure)
        self.trouble = f"PostgreSQL does not answer as it should, {described(failure)}"
        if (said := self._outage.failed(failure)) is not None:
            logger.warning(said)
        raise SinkUnavailable(f"postgres: {failure}", self._backoff.failed(), is_told=True)

    async def vacuum(self) -> None:
        """Free the room of rows that were deleted or written anew, those of erased people among them."""
        for table in TABLES:
            await self.call(f"VACUUM harmonia.{table}", limit_s=VACUUM_LIMIT_S)

    async def close(self) -> None:
        """Close connections; those that do not answer are dropped."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    def _connections(self) -> asyncpg.Pool:
        if self._pool is None:
            # No statement outlives its transaction, and nothing is set: PgBouncer may give each call another server.
            self._pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=CONNECTIONS,
                statement_cache_size=0,
                timeout=self._timeout,
                reset=_nothing_to_reset,
            )
        return self._pool

    async def _migrate(self, connection: Any) -> None:
        if self._is_migrated:
            return
        async with self._migrating:
            if not self._is_migrated:
                await _bring_up_to_date(connection, self._partitions)
                self._is_migrated = True


async def _nothing_to_reset(connection: object) -> None:
    pass


async def _bring_up_to_date(connection: Any, partitions: Mapping[str, int]) -> None:
    """Run the migrations that are missing, all or none; of several processes one does it."""
    steps = migrations()
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_MIGRATIONS_LOCK})")
        if await connection.fetchval("SELECT to_regclass('harmonia.migrations') IS NULL"):
            await connection.execute(_PREPARE)
        done = await connection.fetchval("SELECT coalesce(max(number), 0) FROM harmonia.migrations")
        if done > steps[-1][0]:
            raise NewerSchema(f"the schema harmonia is of migration {done}, and this version knows {steps[-1][0]}")
        for number, text in steps:
            if number > done:
                await connection.execute(text)
                await connection.execute("INSERT INTO harmonia.migrations VALUES ($1, now())", number)
        for topic, count in partitions.items():
            await _keep_to_partitions(connection, topic, count)


async def _keep_to_partitions(connection: Any, topic: str, count: int) -> None:
    """Have the schema keep of how many partitions its rows of a topic are; nothing of another number is written."""
    await connection.execute(
        "INSERT INTO harmonia.topic_partitions VALUES ($1, $2) ON CONFLICT DO NOTHING", topic, count
    )
    kept = await connection.fetchval("SELECT partitions FROM harmonia.topic_partitions WHERE topic = $1", topic)
    if kept != count:
        raise OtherPartitions(
            f"the schema harmonia was filled from {kept} partitions of {topic}, and there are {count}"
        )


def _is_of_data(error: Exception) -> bool:
    refusals = asyncpg.DataError | asyncpg.IntegrityConstraintViolationError | asyncpg.ProgramLimitExceededError
    if isinstance(error, refusals):
        return True
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):  # the URL is at fault
        return False
    # asyncpg could not encode it: a number that is too large, or text that is none.
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def _lacks_schema(error: Exception) -> bool:
    """Whether somebody has dropped what the migrations had made, or restored a dump without it."""
    lacking = asyncpg.UndefinedTableError | asyncpg.UndefinedFunctionError | asyncpg.InvalidSchemaNameError
    return isinstance(error, lacking)


def _named(error: Exception) -> str:
    """What failed, without a value: PostgreSQL's own text may show one."""
    return getattr(error, "sqlstate", None) or type(error).__name__
