"""Reads a partition from an offset to its end: how state is restored and a sink is filled again.

A plain consumer without a group does it, apart from the flow of events: stock recovery shares the group's consumer,
misses records when a rebalance interrupts it, and handles them one by one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.engine.runs import Run
from streams.platform.clients import KafkaClients

_RECORDS_AT_ONCE = 8_000  # of each partition; a take-over reads them all at the same time
_WAIT_MS = 50
"""For records; where there is nothing but markers none come, and the position tells."""
_STOP_AGAIN_S = 0.5


class PartitionReader:
    """Reads partitions outside of any group, by default committed records only. An async context manager."""

    def __init__(self, kafka: KafkaClients, isolation_level: str = "read_committed") -> None:
        self._consumer: AIOKafkaConsumer = kafka.reader(isolation_level)

    async def __aenter__(self) -> "PartitionReader":
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, also where aiokafka would not end.

        Its fetching swallows the request to end while it cancels what it had asked for of the partition before.
        """
        stopping = asyncio.ensure_future(self._consumer.stop())
        while not (await asyncio.wait({stopping}, timeout=_STOP_AGAIN_S))[0]:
            self._consumer._fetcher._fetch_task.cancel()
        await stopping

    async def start_of(self, tp: TP) -> int:
        """The offset of the oldest record that the broker still has."""
        return int((await self._consumer.beginning_offsets([tp]))[tp])

    async def starts_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        """The same of several partitions."""
        await self._consumer._client.set_topics({tp.topic for tp in tps})
        return {TP(*tp): int(start) for tp, start in (await self._consumer.beginning_offsets(tps)).items()}

    async def end_of(self, tp: TP) -> int:
        """The offset after the last record that is seen."""
        return (await self.ends_of([tp]))[tp]

    async def ends_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        """The same of several partitions."""
        # Or aiokafka learns of one topic after the other, each with a pause.
        await self._consumer._client.set_topics({tp.topic for tp in tps})
        return {TP(*tp): int(end) for tp, end in (await self._consumer.end_offsets(tps)).items()}

    async def offsets_at(self, tps: Sequence[TP], at: int) -> dict[TP, int]:
        """The offsets of the first records that were appended at `at`, ms, or later; the end where there is none.

        And the end where the broker cannot tell: it opens batches for that, and somebody may have sent one that it
        cannot open.
        """
        return await self._offsets_at(tps, at, {})

    async def offsets_not_after(self, tps: Sequence[TP], at: int) -> dict[TP, int]:
        """The same for whoever must miss nothing: the start where the broker cannot tell."""
        return await self._offsets_at(tps, at, await self.starts_of(tps))

    async def _offsets_at(self, tps: Sequence[TP], at: int, untold: Mapping[TP, int]) -> dict[TP, int]:
        ends = await self.ends_of(tps)
        first = {**untold, **await self._first_at(tps, at)}
        return {tp: end if (found := first.get(tp)) is None else min(found, end) for tp, end in ends.items()}

    async def _first_at(self, tps: Sequence[TP], at: int) -> dict[TP, int | None]:
        """None: there is nothing so young. Without those of which the broker cannot tell."""
        try:
            found = await self._consumer.offsets_for_times({TopicPartition(*tp): at for tp in tps})
        except KafkaError as error:
            if error.retriable:
                raise
            if len(tps) == 1:
                return {}
            half = len(tps) // 2
            return await self._first_at(tps[:half], at) | await self._first_at(tps[half:], at)
        return {TP(*tp): None if entry is None else int(entry.offset) for tp, entry in found.items()}

    async def runs(self, tp: TP, start: int, end: int) -> AsyncIterator[Run]:
        """Yield the records from `start` until `end` is reached; the last run may go beyond it."""
        partition = TopicPartition(tp.topic, tp.partition)  # aiokafka takes no other kind of tuple
        self._consumer.assign([partition])
        self._consumer.seek(partition, start)
        position = start
        while position < end:
            fetched = await self._consumer.getmany(partition, timeout_ms=_WAIT_MS, max_records=_RECORDS_AT_ONCE)
            records = fetched.get(partition, [])
            reached = int(await self._consumer.position(partition))
            if records or reached > position:
                position = reached
                yield Run(tp, records, position, generation=-1)

    async def first_from(self, tp: TP, start: int, end: int) -> int | None:
        """The offset of the first record that is seen from `start` on; None if `end` is reached without one."""
        async for run in self.runs(tp, start, end):
            if run.records:
                return run.records[0].offset
        return None
