"""One load through the whole pipeline, and what the worker used between the commit of the load and its last profile.

The load becomes visible at one moment, when the worker is warm and idle, and ends when the sink has moved for the
last time. So the seconds hold every stage of exactly these records, and no start-up.
"""

from dataclasses import dataclass

from benchmarks.pipeline.prefill import Records, prefilled
from benchmarks.pipeline.rig import Rig
from benchmarks.processes import Meter, Usage
from benchmarks.suites import BenchmarkFailed
from streams.demo.deployment import counted
from streams.demo.workers import Workers

_INTERACTIONS = "harmonia_interactions_total"


class NotOnce(BenchmarkFailed):
    """What was sent and what was folded are not the same, so the seconds mean nothing."""


@dataclass(frozen=True, slots=True)
class Flow:
    """`records` went from the input topics to Redis with this use of the worker process."""

    records: int
    used: Usage

    @property
    def cpu_micros(self) -> float:
        """CPU µs of the worker for each record."""
        return self.used.cpu_seconds / self.records * 1e6

    @property
    def per_core_second(self) -> float:
        """Records for each second of the worker's CPU."""
        return self.records / self.used.cpu_seconds

    @property
    def per_second(self) -> float:
        """Records for each second of wall time."""
        return self.records / self.used.wall_seconds


async def flow(rig: Rig, workers: Workers, records: Records) -> Flow:
    """Let the records through. Raises `Stuck`, and `NotOnce` unless each of them was folded exactly once."""
    count = sum(map(len, records.values()))
    handled = counted(workers.addresses, _INTERACTIONS)
    with Meter([workers.process.pid]) as meter:
        async with prefilled(rig.settings, records):
            began = meter.read()
        ended = rig.until_all_in_redis(workers, meter.read)
    more = counted(workers.addresses, _INTERACTIONS) - handled
    if more != 2 * count:  # each is counted when it is taken in, and when it is folded
        raise NotOnce(f"{count} interactions were sent, {more / 2} were taken in and folded")
    return Flow(count, ended.since(began))
