"""Reads again input that a state lacks although the group was told that it is done: its transaction is not there.

Kafka may abort what it had called committed (`dangling_transactions`). The watermark knows better than the group's
offset, and as long as the source still has the records nothing is lost.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from faust.types import TP

from streams.engine.changelog import PartitionReader
from streams.engine.runs import Run
from streams.platform.clients import KafkaClients
from streams.platform.errors import StateLost


@dataclass(frozen=True, slots=True)
class InputGap:
    """The input that is missing between a state and the chunk to fold; there hardly ever is any.

    `watermark`: the last offset of the source that the state holds, None before the first; `done`: what the group has
    committed, None or 0 before its first commit.
    """

    chunk: Run
    watermark: int | None
    done: int | None
    changelog: TP

    async def filling(self, kafka: KafkaClients) -> AsyncGenerator[Run, None]:
        """The missing records, in runs; the last one may go beyond the gap. Raises `StateLost` where they are gone."""
        if self.watermark is not None and self.watermark + 1 >= self.chunk.began_at:
            return
        async with PartitionReader(kafka) as reader:
            wanted = await self._begin(kafka, reader)
            if wanted >= self.chunk.began_at:
                return
            async for run in reader.runs(self.chunk.tp, wanted, self.chunk.began_at):
                if await reader.start_of(self.chunk.tp) > wanted:  # a reader jumps over what is deleted meanwhile
                    raise StateLost(f"{self.chunk.tp}: what comes after {wanted - 1} was deleted while it was read")
                wanted = run.next_offset
                yield run

    async def _begin(self, kafka: KafkaClients, reader: PartitionReader) -> int:
        """Where the gap begins."""
        source = self.chunk.tp
        start, end = await reader.start_of(source), await reader.end_of(source)
        if self.watermark is None and self.done and (start > 0 or not await self._was_never_committed(kafka)):
            raise StateLost(
                f"{source}: the group has done what is below {self.done}, but {self.changelog.topic} holds none of it: "
                "restore it before starting again"
            )
        wanted = start if self.watermark is None else self.watermark + 1
        if wanted < start or end < self.chunk.began_at:
            raise StateLost(
                f"{source}: the state ends at {wanted - 1} and the input goes on at {self.chunk.began_at}: its log has "
                f"{start} to {end - 1}, so records of it or of {self.changelog.topic} are gone; "
                "restore them before starting again"
            )
        return wanted

    async def _was_never_committed(self, kafka: KafkaClients) -> bool:
        """Whether the changelog was written to and has lost nothing: as it has no watermark, all of it was aborted."""
        async with PartitionReader(kafka, "read_uncommitted") as reader:
            return await reader.start_of(self.changelog) == 0 < await reader.end_of(self.changelog)
