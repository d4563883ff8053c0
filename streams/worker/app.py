"""The composition root: settings in, one worker's Faust app out. Nothing connects before the app starts."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from mode import Service
from prometheus_client import CollectorRegistry

from events.topics import DELETE_RETENTION_MS, SEGMENT_DEFINITIONS
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from sinks.results import ResultsSink
from sinks.segments import MOST_PAIRS, SegmentsSink
from streams.domain import campaigns, contact, identity
from streams.domain.contact.derived_view import give_up
from streams.domain.experiments import experiment_table as experiments
from streams.domain.quarantine.flood_detection import RefusalCounter
from streams.domain.quarantine.guard import QuarantineGuard
from streams.engine.app import ChunkApp
from streams.engine.decoded_states import Codec, Storage
from streams.engine.rocksdb_store import RocksStores
from streams.engine.table import ChunkTable
from streams.engine.write_back import WriteBackStores
from streams.engine.writer import Outbox
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.health import HealthServer
from streams.platform.policy_file import CurrentPolicy
from streams.platform.settings import Settings
from streams.platform.topics import (
    CAMPAIGNS_TABLE,
    CONTACTS_TABLE,
    EXPERIMENTS_TABLE,
    LINKS_TABLE,
    topics_read_by_workers,
)
from streams.worker.agents.campaigns.agent import CampaignsAgent
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.experiments.agent import ExperimentsAgent
from streams.worker.agents.identity.agent import LinksAgent
from streams.worker.agents.identity.handler import LinkRecordsHandler
from streams.worker.agents.intake.agent import IntakeAgent
from streams.worker.agents.segments.ticks import SegmentTicks
from streams.worker.agents.sinks.campaign_holds import CampaignHoldsAgent
from streams.worker.agents.sinks.experiment_results import ExperimentResultsConnector
from streams.worker.agents.sinks.former_topics import passing_over_missing_topics
from streams.worker.agents.sinks.redis_sink import ContactStateConnector
from streams.worker.agents.sinks.segments import SegmentsConnector
from streams.worker.agents.spec import AgentParts, AgentSpec, BuiltAgent, TableStates, flow_of
from streams.worker.measuring.redis_and_disk import RedisAndDiskMonitor
from streams.worker.measuring.replicas import ReplicasMonitor
from streams.worker.measuring.takeover import TakeoverMetrics
from streams.worker.measuring.teams import read_schedule
from streams.worker.metrics import Metrics, OperationsMetrics
from streams.worker.periodic import PeriodicTicks, StateCleanup
from streams.worker.quarantine_monitor import HeldRecordsCounter, QuarantineMonitor
from streams.worker.rights_monitor import RightsMonitor
from streams.worker.sink_monitor import SinkMonitor

LINKS_SHARE = 4
"""The links have one part in so many of the room that contacts have for decoded states: nodes are small."""
STALE_AFTER_S = DELETE_RETENTION_MS / 2000
"""Seconds after which a sink's position counts for nothing: half of what a null record stays."""
ALONE_LINGER_S = 0.03
"""Between two transactions of a table of one partition, which has nobody to commit with."""
CAMPAIGNS_BYTES = 1 << 20
"""Of campaigns that are kept decoded; encoded one has a few hundred bytes."""
EXPERIMENTS_BYTES = 128 << 20
"""Of experiments; one has 5 to 10 KB, decoded little more, and only one worker keeps any."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A Faust app and the services that run beside it: started before it, stopped after it."""

    app: ChunkApp
    services: Sequence[Service]


class ShutdownCloser(Service):
    """Closes what a worker opened, in order, when it stops.

    To be started first, so that it stops last, after the agents.
    """

    def __init__(self, closes: Sequence[Callable[[], Awaitable[None]]]) -> None:
        super().__init__()
        self._closes = closes

    async def on_stop(self) -> None:
        async with AsyncExitStack() as closing:  # what can't be closed keeps nothing else open
            for close in reversed(self._closes):
                closing.push_async_callback(close)


def _intake(parts: AgentParts) -> BuiltAgent:
    settings, metrics = parts.settings, parts.metrics
    return BuiltAgent(
        IntakeAgent(
            *(parts.outbox, settings.hasher, settings.partitions, metrics, parts.clock),
            guard=parts.guard,
            wall=settings.wall,
        )
    )


def _contacts(parts: AgentParts) -> BuiltAgent:
    table, settings = parts.tables[CONTACTS_TABLE], parts.settings
    ticks = SegmentTicks(table, parts.ends, parts.outbox, parts.clock, parts.metrics.segments)
    contacts = ContactsAgent(table, settings, parts.metrics, parts.clock, policy=parts.policy, on_work=ticks.note)
    return BuiltAgent(contacts, ticks=ticks)


def _links(parts: AgentParts) -> BuiltAgent:
    new_handler = partial(LinkRecordsHandler, partitions=parts.settings.partitions, crowd=parts.settings.identity_crowd)
    links = LinksAgent(parts.tables[LINKS_TABLE], new_handler, parts.metrics, parts.outbox)
    return BuiltAgent(links, ticks=links)


def _campaigns(parts: AgentParts) -> BuiltAgent:
    table, partitions = parts.tables[CAMPAIGNS_TABLE], parts.settings.partitions
    return BuiltAgent(CampaignsAgent(table, partitions, parts.metrics, policy=parts.policy))


def _experiments(parts: AgentParts) -> BuiltAgent:
    table, partitions = parts.tables[EXPERIMENTS_TABLE], parts.settings.partitions
    adding = ExperimentsAgent(table, partitions, parts.metrics, parts.clock, parts.outbox)
    return BuiltAgent(adding, ticks=adding)


def _redis(parts: AgentParts) -> BuiltAgent:
    redis = RedisSink(redis_client(parts.settings), stale_after=STALE_AFTER_S)
    sink = ContactStateConnector(redis, parts.kafka, parts.settings.partitions, parts.metrics, parts.clock)
    return BuiltAgent(sink, sink)


def _holds(parts: AgentParts) -> BuiltAgent:
    sink = HoldsSink(redis_client(parts.settings), parts.settings.key_ids)
    holds = CampaignHoldsAgent(sink, parts.kafka, parts.metrics, parts.clock)
    return BuiltAgent(holds, holds)


def _results(parts: AgentParts) -> BuiltAgent:
    kept = ResultsSink(redis_client(parts.settings), stale_after=STALE_AFTER_S)
    results = ExperimentResultsConnector(kept, parts.kafka, parts.settings.partitions, parts.metrics, parts.clock)
    return BuiltAgent(results, results)


def _segments(parts: AgentParts) -> BuiltAgent:
    partitions = parts.settings.partitions
    most = MOST_PAIRS // partitions
    kept = SegmentsSink(redis_client(parts.settings), stale_after=STALE_AFTER_S, most_pairs=most)
    segments = SegmentsConnector(kept, parts.kafka, partitions, parts.metrics, parts.clock)
    return BuiltAgent(segments, segments)


AGENT_SPECS = (
    AgentSpec("intake", _intake),
    AgentSpec(
        "contacts",
        _contacts,
        TableStates(Codec(contact.encode, contact.decode, give_up), lambda settings: settings.recent_bytes),
    ),
    AgentSpec(
        "links",
        _links,
        TableStates(Codec(identity.encode, identity.decode), lambda settings: settings.recent_bytes // LINKS_SHARE),
    ),
    AgentSpec(
        "campaigns",
        _campaigns,
        TableStates(Codec(campaigns.encode, campaigns.decode), lambda _: CAMPAIGNS_BYTES),
    ),
    AgentSpec(
        "experiments",
        _experiments,
        TableStates(Codec(experiments.encode, experiments.decode), lambda _: EXPERIMENTS_BYTES),
    ),
    AgentSpec("redis", _redis),
    AgentSpec("holds", _holds),
    AgentSpec("results", _results),
    AgentSpec("segments", _segments, follows=(SEGMENT_DEFINITIONS,)),
)
"""Of which a worker is built, each with a consumer of its topics: a new agent is one entry here."""


def build_worker(settings: Settings, say: Callable[[str], None]) -> Worker:
    """Build one worker: its agents with their tables, and the services that run beside them.

    `say` is given what an operator wants to know: the address of /metrics, and that the work has begun.
    """
    kafka = KafkaClients(settings)
    schedule = read_schedule(settings.teams)
    metrics = Metrics(CollectorRegistry(), schedule.hours)
    operations = metrics.operations
    onlooker = TakeoverMetrics(operations, settings.state_dir)
    app = ChunkApp(settings, kafka, lambda count: say(f"working on {count} partitions"), onlooker=onlooker)
    outbox = Outbox(kafka)
    policies = metrics.policy.watched(settings.policy, settings.regime, wall_clock)
    guard = QuarantineGuard(RefusalCounter(settings.quarantine_letters), settings.hasher)
    tables = _tables(app, settings)
    parts = AgentParts(
        settings=settings,
        kafka=kafka,
        metrics=metrics,
        clock=wall_clock,
        outbox=outbox,
        guard=guard,
        policy=policies.now,
        tables=tables,
        ends=app.ends,
    )
    agents = [_add(app, spec, parts) for spec in AGENT_SPECS]
    sinks = [agent.sink for agent in agents if agent.sink is not None]
    health = HealthServer.at(settings, metrics.registry, app.unready, say)
    closing = ShutdownCloser(
        [*(table.close for table in tables.values()), outbox.stop, *(sink.close for sink in sinks)]
    )
    _tell_of_policy(policies, operations)
    for topic, count in topics_read_by_workers(settings).items():
        operations.topic_partitions.labels(topic).set(count)
    beside = [
        SinkMonitor(app, sinks, metrics, wall_clock, schedule),
        QuarantineMonitor(guard, kafka, settings, wall_clock, metrics.quarantine),
        HeldRecordsCounter(kafka, settings.partitions, metrics.quarantine),
        RightsMonitor(kafka, redis_client(settings), settings, wall_clock, metrics.rights),
        ReplicasMonitor(kafka, settings, operations),
        RedisAndDiskMonitor(redis_client(settings), settings.state_dir, operations),
        *(PeriodicTicks(app, agent.ticks) for agent in agents if agent.ticks is not None),
        StateCleanup(settings.state_dir),
    ]
    return Worker(app, [closing, health, *beside])


def _tables(app: ChunkApp, settings: Settings) -> dict[str, ChunkTable[Any]]:
    """The table of each agent that has one, by name."""
    stores = WriteBackStores(RocksStores(settings.state_dir), settings.recent_bytes // 2)
    tables: dict[str, ChunkTable[Any]] = {}
    for spec in AGENT_SPECS:
        if spec.table is not None and spec.states is not None:
            storage = Storage(stores, spec.states.codec, spec.states.recent_bytes(settings))
            flow = flow_of(spec, spec.table, settings.partitions)
            count = spec.table.partitions or settings.partitions
            as_group = spec.table.partitions is None  # a table of one partition has nobody to commit with
            tables[spec.name] = app.chunk_table(spec.name, count, storage, flow, as_group=as_group)
    return tables


def _add(app: ChunkApp, spec: AgentSpec, parts: AgentParts) -> BuiltAgent:
    made = spec.handler(parts)
    linger_s = ALONE_LINGER_S if spec.table is not None and spec.table.partitions == 1 else 0.0
    process = made.process if made.sink is None else passing_over_missing_topics(made.process)
    app.handle(spec.name, [topic.name for topic in spec.topics], process, linger_s)
    return made


def _tell_of_policy(policies: CurrentPolicy, operations: OperationsMetrics) -> None:
    operations.policy_broken.set_function(lambda: policies.is_broken)


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
