"""Records and runs of one partition, as a fetch returns them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faust.types import TP

from streams.engine.runs import Run

SOURCE = TP("interactions", 3)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A record as aiokafka reads it."""

    offset: int
    value: bytes | None = b"v"
    key: bytes | None = b"k"
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 0
    topic: str = SOURCE.topic
    partition: int = SOURCE.partition


def run(offsets: Iterable[int], generation: int = 1, tp: TP = SOURCE) -> Run:
    """A run of small records; reading goes on right behind the last one."""
    records = [Fetched(offset, topic=tp.topic, partition=tp.partition) for offset in offsets]
    return Run(tp, records, records[-1].offset + 1, generation)


def offsets(run: Run) -> list[int]:
    return [record.offset for record in run.records]
