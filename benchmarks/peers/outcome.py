"""Whether a peer did the job: what its output topic says in the end must add up to the events that it was given."""

import orjson
from faust.types import TP

from benchmarks.peers.job import Job, count_in
from benchmarks.suites import BenchmarkFailed
from streams.engine.changelog import PartitionReader
from streams.platform.clients import KafkaClients

_TAKEN_BACK = ("pathway_diff", b"-1")
"""Pathway writes a state that no longer holds once more, with this header, beside the new one."""


class WrongOutcome(BenchmarkFailed):
    """A peer's final states do not hold each event once, so its figures are worth nothing."""


async def check_outcome(kafka: KafkaClients, job: Job) -> int:
    """The number of records that the peer wrote to its output topic.

    Raises `WrongOutcome` unless the newest state of every contact, taken together, counts each event once.
    """
    newest: dict[bytes, bytes] = {}
    written = 0
    for number in range(job.partitions):
        written += await _read(kafka, TP(job.output, number), newest)
    counted = sum(count_in(orjson.loads(value)) for value in newest.values())
    if counted != job.events:
        raise WrongOutcome(f"{job.name}: {job.events} events were given, and the final states hold {counted}")
    return written


async def _read(kafka: KafkaClients, tp: TP, newest: dict[bytes, bytes]) -> int:
    written = 0
    async with PartitionReader(kafka) as reader:
        end = await reader.end_of(tp)
        async for run in reader.runs(tp, await reader.start_of(tp), end):
            newest.update(
                (record.key, record.value)
                for record in run.records
                if record.key and record.value and _TAKEN_BACK not in record.headers
            )
            written += len(run.records)
    return written
