"""Describes an agent of a worker: name, handler, table. What it reads and writes follows from `events/topics.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from faust.types import TP

from events.topics import Agent, TopicSpec, read_by, written_by
from streams.domain.pressure import Policy
from streams.domain.quarantine.guard import QuarantineGuard
from streams.engine.decoded_states import Codec
from streams.engine.partition_workers import Process
from streams.engine.runs import End
from streams.engine.table import ChunkTable, Flow
from streams.engine.writer import Outbox
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import TABLE_SPECS, TABLES, TableSpec
from streams.worker.agents.latency_header import Clock
from streams.worker.metrics import Metrics
from streams.worker.periodic import TickingAgent
from streams.worker.sink_monitor import MonitoredSink

_WITH_TRANSACTIONS = frozenset({*TABLES, "quarantining"})
"""Parts of a worker that write in transactions; all others write at least once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentParts:
    """What agents are built from. `policy`: gives the one that holds now. `tables`: those of the agents, by name.

    `ends`: gives where the partitions that the worker works on ended when their brokers last said so.
    """

    settings: Settings
    kafka: KafkaClients
    metrics: Metrics
    clock: Clock
    outbox: Outbox
    guard: QuarantineGuard
    policy: Callable[[], Policy]
    tables: Mapping[str, ChunkTable[Any]]
    ends: Callable[[], Mapping[TP, End]]


class SinkAgent(MonitoredSink, Protocol):
    """An agent that gives what a topic says to a system outside of Kafka."""

    async def close(self) -> None:
        """Close what it holds open there."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltAgent:
    """A built agent: what it does with each chunk of its topics, and what else the worker does for it.

    `sink`: watched every second, and closed at the end. `ticks`: called every few seconds.
    """

    process: Process
    sink: SinkAgent | None = None
    ticks: TickingAgent | None = None


@dataclass(frozen=True, slots=True)
class TableStates:
    """How the states of a table are kept. `recent_bytes`: the room for those used of late."""

    codec: Codec[Any]
    recent_bytes: Callable[[Settings], int]


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """Describes one agent. `handler` builds it; `states`: of its table, where it has one, which bears its name.

    `follows`: topics whose chunks are another agent's, in whose transactions their offsets are committed. A sink reads
    them by itself, in the partitions that the worker owns.
    """

    name: Agent
    handler: Callable[[AgentParts], BuiltAgent]
    states: TableStates | None = None
    follows: tuple[str, ...] = ()

    @property
    def topics(self) -> list[TopicSpec]:
        """The topics whose chunks the agent is given; each partition is worked on by one worker."""
        return [topic for topic in read_by(self.name) if topic.name not in self.follows]

    @property
    def outputs(self) -> list[TopicSpec]:
        """The topics that the agent writes; one with a table does so in the transactions in which it folds."""
        return written_by(self.name)

    @property
    def table(self) -> TableSpec | None:
        """The table that its topics are folded into."""
        return next((table for table in TABLE_SPECS if table.name == self.name), None)


def flow_of(spec: AgentSpec, table: TableSpec, partitions: int) -> Flow:
    """Topics that an agent folds into its table, and those it writes; `partitions`: of topics without a number."""
    aligned = [topic.name for topic in spec.outputs if _is_aligned(topic, table)]
    apart = [topic for topic in spec.outputs if topic.name not in aligned]
    alone = [topic for topic in apart if table.partitions == 1 and _has_one_writer(topic)]
    shared = [topic for topic in apart if topic not in alone]
    return Flow([topic.name for topic in spec.topics], aligned, _all_of(alone, partitions), _all_of(shared, partitions))


def _is_aligned(topic: TopicSpec, table: TableSpec) -> bool:
    """Whether a partition of the table writes to the topic's partition of its number, and nobody else does."""
    return topic.partitions == table.partitions and not topic.crosses and _has_one_writer(topic)


def _has_one_writer(topic: TopicSpec) -> bool:
    """Whether all transactions that write to it are of one agent."""
    return len(_WITH_TRANSACTIONS.intersection(topic.written_by)) == 1


def _all_of(topics: list[TopicSpec], partitions: int) -> list[TP]:
    return [TP(topic.name, number) for topic in topics for number in range(topic.partitions or partitions)]
