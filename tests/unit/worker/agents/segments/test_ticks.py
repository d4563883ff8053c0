"""A tick names a moment up to which everything that was appended lies before its end, whatever clocks say."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from faust.types import TP
from prometheus_client import CollectorRegistry

from events.topics import INTERACTIONS, SEGMENT_WORK
from streams.domain.contact import decode, encode
from streams.domain.pressure import default_policy
from streams.domain.segments.definition_files import definition_json
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.runs import End
from streams.engine.store import MemoryStore
from streams.engine.writer import Output
from streams.worker.agents.segments.records import TICK, Tick, read_tick
from streams.worker.agents.segments.registry import PartitionTime, SegmentRegistry, Sweep, segment_registry_of
from streams.worker.agents.segments.ticks import LOST_MS, SegmentTicks
from streams.worker.metrics import Metrics
from tests.property.domain.segments.definitions import read
from tests.unit.engine.kafka_records import Fetched


class Broker:
    """A worker's partition 0 and its broker, whose clock is a year behind the worker's."""

    def __init__(self) -> None:
        self.now = self.wall = 0
        self.end = End(0, 0)
        self.sent: list[Output] = []
        self.memory: dict[int, Mapping[str, Any]] = {0: {}}
        self.is_defined = True
        self.metrics = Metrics(CollectorRegistry())
        ends, clock = (lambda: {TP(INTERACTIONS, 0): self.end}), (lambda: self.wall)
        self.ticks = SegmentTicks(self, ends, self, clock, self.metrics.segments)

    def shown(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name)

    def at_hand(self) -> Mapping[int, Mapping[str, Any]]:
        return self.memory

    def keeps(self, partition: int, prefix: bytes) -> bool:
        return self.is_defined

    async def write(self, outputs: Sequence[Output]) -> None:
        self.sent += outputs

    def look(self, after: int = 0) -> list[Tick | None]:
        """What is sent when it is looked at so many milliseconds later."""
        self.wall += after
        before = len(self.sent)
        asyncio.run(self.ticks.tick())
        return [read_tick(output.value) for output in self.sent[before:]]

    def answers(self, offset: int, after: int = 100) -> None:
        """The consumer is told where the partition ends."""
        self.wall += after
        self.end = End(offset, self.wall)

    def read(self, appended_at: int) -> None:
        """The worker folds the tick that was sent last."""
        record = Fetched(0, self.sent[-1].value, TICK, (), appended_at, SEGMENT_WORK, 0)
        self.ticks.note(0, [record])


def registry_with(*tables: dict[str, Any]) -> SegmentRegistry:
    states = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
    registry = segment_registry_of(states, default_policy())
    for definition in read([*tables]):
        registry.define(definition.id, definition_json(definition))
    registry.go_by(default_policy())
    return registry


def test_a_moment_is_told_with_an_end_that_was_asked_for_after_it() -> None:
    broker = Broker()
    assert broker.look() == [Tick()]
    assert broker.look(500) == []
    broker.read(appended_at=7_000)
    broker.answers(3)
    assert broker.look() == []  # that answer may have been on its way when the tick came
    broker.answers(5)
    assert broker.look() == [Tick(5, 7_000)]
    broker.read(appended_at=9_000)
    assert broker.look(500) == []


def test_a_tick_that_never_comes_is_sent_again_without_a_moment() -> None:
    broker = Broker()
    assert broker.look() == [Tick()]
    assert broker.look(LOST_MS) == []
    assert broker.look(1) == [Tick()]


def test_time_goes_on_soon_where_the_clock_of_the_worker_is_set_back() -> None:
    broker = Broker()
    broker.answers(2, after=9_000_000)
    broker.look()
    broker.read(appended_at=7_000)
    broker.wall = 1_000_000
    assert broker.look(500) == [Tick()]
    broker.read(appended_at=9_000)
    assert broker.look(500) == []  # the answer that is at hand was given by the clock of before
    broker.answers(3)
    assert broker.look() == []
    broker.answers(5)
    assert broker.look() == [Tick(5, 9_000)]


def test_a_partition_that_was_given_away_and_comes_back_begins_anew() -> None:
    broker = Broker()
    broker.look()
    broker.read(appended_at=7_000)
    broker.answers(3)
    broker.look()
    memory, broker.memory = broker.memory, {}
    assert broker.look(100) == []
    broker.memory = memory
    assert broker.look(100) == [Tick()]


def test_where_no_segment_is_defined_nothing_is_sent() -> None:
    broker = Broker()
    broker.is_defined = False
    assert broker.look() == []
    broker.memory = {0: {"segments": registry_with()}}
    broker.is_defined = True
    assert broker.look(100) == []
    broker.memory = {0: {"segments": registry_with({"id": "hosts", "all": [{"tag": "host"}]})}}
    assert broker.look(100) == [Tick()]


def test_metrics_show_what_is_defined_and_how_far_time_is_behind() -> None:
    broker = Broker()
    registry = registry_with({"id": "hosts", "all": [{"tag": "host"}]})
    broker.memory = {0: {"segments": registry}}
    broker.look(60_000)
    names = ("harmonia_segments", "harmonia_segment_time_behind_seconds", "harmonia_segment_backfill_partitions")
    assert [broker.shown(name) for name in names] == [1, 0, 0]
    registry.keeps_time(PartitionTime(now=20_000))
    registry.sweeps(Sweep(1, changed=("hosts",)))
    broker.look()
    assert [broker.shown(name) for name in names] == [1, 40, 1]
