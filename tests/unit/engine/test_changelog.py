"""Where a partition is read from, where a broker cannot tell of a time."""

from collections.abc import Mapping, Sequence

from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndTimestamp, TopicPartition
from faust.types import TP

from streams.engine.changelog import PartitionReader

TOLD, NONE, UNTOLD = TPS = [TP("t", 0), TP("t", 1), TP("t", 2)]


class Unopened(KafkaError):  # type: ignore[misc]
    retriable = False


class Reader(PartitionReader):
    """Of a broker that cannot open a batch of one partition."""

    async def starts_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 3)

    async def ends_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 90)


class Consumer:
    async def offsets_for_times(
        self, times: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]:
        if UNTOLD in times:
            raise Unopened
        return {tp: OffsetAndTimestamp(40, 1) if tp == TOLD else None for tp in times}


async def test_where_the_broker_cannot_tell_it_is_the_end_or_for_whoever_must_miss_nothing_the_start() -> None:
    reader = Reader.__new__(Reader)
    reader._consumer = Consumer()
    assert await reader.offsets_at(TPS, 1) == {TOLD: 40, NONE: 90, UNTOLD: 90}
    assert await reader.offsets_not_after(TPS, 1) == {TOLD: 40, NONE: 90, UNTOLD: 3}
