"""A Redis that the results' sink has filled, for those who read it."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from events.experiment_results import ExperimentResult
from events.topics import EXPERIMENT_RESULTS
from sinks.base import Completeness, Position
from sinks.keys import partition_of
from sinks.results import ResultChange, ResultsSink
from streams.worker.agents.sinks.experiment_results import result_of
from tests.contract.contact_sink import TOPIC

PARTITIONS = 4


class Said(NamedTuple):
    """A record of `experiment-results`."""

    key: bytes | None
    value: bytes | None
    topic: str = EXPERIMENT_RESULTS
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes | None]] = ()


def record_of(result: ExperimentResult) -> Said:
    return Said(result["experiment"].encode(), orjson.dumps(result))


async def fill(sink: ResultsSink, *results: ExperimentResult, age_ms: int = 0) -> None:
    """All that `experiment-results` says, in each partition."""
    changes = [change for result in results if (change := result_of(record_of(result))) is not None]
    assert len(changes) == len(results)
    await fill_with(sink, changes, age_ms)


async def fill_with(sink: ResultsSink, changes: list[ResultChange], age_ms: int = 0) -> None:
    for partition in range(PARTITIONS):
        mine = [change for change in changes if partition_of(change.experiment_id, PARTITIONS) == partition]
        assert await sink.write(partition, mine, None, Position(TOPIC, 1))
        assert await sink.whole(partition, Position(TOPIC, 1), Completeness(age_ms, PARTITIONS))
