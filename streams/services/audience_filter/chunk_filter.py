"""Judges chunks of an audience one after the other, in whatever process: reads rows, asks Redis, writes rows."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sinks.base import SinkUnavailable
from sinks.lookup import Complete, Incomplete, Lookup
from sinks.reservations import Reservations
from streams.domain.pressure import PermissionRequest, Policy
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.settings import Settings
from streams.platform.tried_address import is_redis_up
from streams.services.audience import Header, Record
from streams.services.audience_filter.chunk_verdicts import Verdicts, verdicts_of
from streams.services.audience_filter.questions import Reader
from streams.services.permission.decisions import Answers, Asked, Batch, Judge
from streams.services.permission.reservation_log import Keeping, NotKept


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of everyone in an audience: the same, at the same time (`at`, ms) and under the same policy."""

    settings: Settings
    policy: Policy
    header: Header
    request: PermissionRequest
    at: int
    reserve_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing can be said of a chunk, and so of nothing after it."""

    why: str


class Clerk:
    """Has a connection of its own. To be closed by whoever made it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._reader = Reader(job.header, job.request.channel, job.settings.hasher)
        self._runner = asyncio.Runner()
        self._client = redis_client(job.settings)
        self._lookup = Lookup(self._client, job.settings.profiles_oldest_s)
        self._keeping = Keeping(KafkaClients(job.settings).idempotent_producer)
        reservations = Reservations(self._client)
        self._judge = Judge(self._lookup, reservations, lambda: job.policy, _now, self._keeping.keep)

    def look(self) -> Stopped | None:
        """Why nobody can be judged now; None: nothing is missing."""
        try:
            standing = self._runner.run(self._lookup.standing())
        except SinkUnavailable as trouble:
            return self._away(trouble)
        return None if isinstance(standing, Complete) else _incomplete(standing)

    def judge(self, chunk: Sequence[Record]) -> Verdicts | Stopped:
        """What becomes of the rows of a chunk. People are seen together with that nothing is missing."""
        read = [self._reader.read(record) for record in chunk]
        asked = [one for one in read if isinstance(one, Asked)]
        try:
            answers = self._runner.run(self._answers(asked))
        except SinkUnavailable as trouble:
            return self._away(trouble)
        except NotKept:
            return Stopped("Kafka does not take until when is reserved; is KAFKA_BOOTSTRAP right and the broker up?")
        if isinstance(answers, Incomplete):
            return _incomplete(answers)
        return verdicts_of(chunk, read, answers, self._job.header.width)

    def close(self) -> None:
        """Let go of the connection."""
        self._runner.run(self._keeping.close())
        self._runner.run(self._client.aclose())
        self._runner.close()

    def _away(self, trouble: SinkUnavailable) -> Stopped:
        return Stopped(f"{trouble}; {is_redis_up(self._job.settings)}")

    async def _answers(self, asked: Sequence[Asked]) -> Answers | Incomplete:
        job = self._job
        return await self._judge.judge(Batch(job.request, job.at, asked, job.reserve_ms))


def _incomplete(found: Incomplete) -> Stopped:
    return Stopped(f"profiles_incomplete: {found.where} is {found.why}; is a worker running, and has it caught up?")


def _now() -> int:
    return time.time_ns() // 1_000_000
