"""The composition root: settings in, one worker's Faust app out. Nothing connects before the app starts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mode import Service
from prometheus_client import CollectorRegistry

from events.topics import DELETE_RETENTION_MS
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from sinks.results import ResultsSink
from streams.domain import campaigns, contact, identity
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
from streams.platform.policy_file import Policies
from streams.platform.policy_since import telling
from streams.platform.settings import Settings
from streams.platform.topics import CAMPAIGNS_TABLE, CONTACTS_TABLE, EXPERIMENTS_TABLE, LINKS_TABLE, read_by_workers
from streams.worker.agents.campaigns.agent import Campaigns
from streams.worker.agents.contacts.agent import Contacts
from streams.worker.agents.experiments.agent import Experiments
from streams.worker.agents.identity.agent import Links
from streams.worker.agents.identity.handler import Linking
from streams.worker.agents.intake.agent import Intake
from streams.worker.agents.sinks.campaign_holds import CampaignHolds
from streams.worker.agents.sinks.experiment_results import ExperimentResultsSink
from streams.worker.agents.sinks.redis_sink import ContactStateSink
from streams.worker.agents.spec import AgentSpec, Made, Parts, TableStates, flow_of
from streams.worker.held_records import HeldRecords
from streams.worker.measuring.operations import StandingMetrics
from streams.worker.measuring.redis_and_disk import Surroundings
from streams.worker.measuring.takeover import TakeOvers
from streams.worker.measuring.teams import read_schedule
from streams.worker.metrics import Metrics
from streams.worker.periodic import Ticking
from streams.worker.quarantine_monitor import Quarantining
from streams.worker.shutdown import Closing
from streams.worker.sink_monitor import Watch
from streams.worker.state_cleanup import Tidying

LINKS_SHARE = 4
"""Of the room for decoded states that contacts have, the links have this part more: nodes are small."""
STALE_AFTER_S = DELETE_RETENTION_MS / 2000
"""Seconds after which a sink's position counts for nothing: half of what a null record stays."""
CAMPAIGNS_BYTES = 1 << 20
"""Of campaigns that are kept decoded; encoded one has a few hundred bytes."""
EXPERIMENTS_BYTES = 128 << 20
"""Of experiments; one has 5 to 10 KB, decoded little more, and only one worker keeps any."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A Faust app and the services that run beside it: started before it, stopped after it."""

    app: ChunkApp
    services: Sequence[Service]


def _intake(parts: Parts) -> Made:
    settings, metrics = parts.settings, parts.metrics
    return Made(Intake(parts.outbox, settings.hasher, settings.partitions, metrics, parts.clock, guard=parts.guard))


def _contacts(parts: Parts) -> Made:
    table, partitions = parts.tables[CONTACTS_TABLE], parts.settings.partitions
    return Made(Contacts(table, partitions, parts.metrics, parts.clock, policy=parts.policy))


def _links(parts: Parts) -> Made:
    new_linking = partial(Linking, partitions=parts.settings.partitions, crowd=parts.settings.identity_crowd)
    links = Links(parts.tables[LINKS_TABLE], new_linking, parts.metrics, parts.outbox)
    return Made(links, ticks=links)


def _campaigns(parts: Parts) -> Made:
    table, partitions = parts.tables[CAMPAIGNS_TABLE], parts.settings.partitions
    return Made(Campaigns(table, partitions, parts.metrics, policy=parts.policy))


def _experiments(parts: Parts) -> Made:
    table, partitions = parts.tables[EXPERIMENTS_TABLE], parts.settings.partitions
    adding = Experiments(table, partitions, parts.metrics, parts.clock, parts.outbox)
    return Made(adding, ticks=adding)


def _redis(parts: Parts) -> Made:
    redis = RedisSink(redis_client(parts.settings), stale_after=STALE_AFTER_S)
    sink = ContactStateSink(redis, parts.kafka, parts.settings.partitions, parts.metrics, parts.clock)
    return Made(sink, sink)


def _holds(parts: Parts) -> Made:
    holds = CampaignHolds(HoldsSink(redis_client(parts.settings)), parts.kafka, parts.metrics, parts.clock)
    return Made(holds, holds)


def _results(parts: Parts) -> Made:
    kept = ResultsSink(redis_client(parts.settings), stale_after=STALE_AFTER_S)
    results = ExperimentResultsSink(kept, parts.kafka, parts.settings.partitions, parts.metrics, parts.clock)
    return Made(results, results)


AGENT_SPECS = (
    AgentSpec("intake", _intake),
    AgentSpec(
        "contacts",
        _contacts,
        TableStates(Codec(contact.encode, contact.decode), lambda settings: settings.recent_bytes),
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
)
"""Of which a worker is built, each with a consumer of its topics: a new agent is one entry here."""


def build_worker(settings: Settings, say: Callable[[str], None]) -> Worker:
    """One worker: its agents with their tables, and what runs beside them.

    `say` is given what an operator wants to know: the address of /metrics, and that the work has begun.
    """
    kafka = KafkaClients(settings)
    schedule = read_schedule(settings.teams)
    metrics = Metrics(CollectorRegistry(), schedule.hours)
    standing = metrics.standing
    onlooker = TakeOvers(standing, settings.state_dir)
    app = ChunkApp(settings, kafka, lambda count: say(f"working on {count} partitions"), onlooker=onlooker)
    outbox = Outbox(kafka)
    policies = Policies(
        settings.policy, wall_clock, lambda outcome: metrics.policy.labels(outcome).inc(), telling(metrics.policy_since)
    )
    guard = QuarantineGuard(RefusalCounter(settings.quarantine_letters), settings.hasher)
    tables = _tables(app, settings)
    parts = Parts(
        settings=settings,
        kafka=kafka,
        metrics=metrics,
        clock=wall_clock,
        outbox=outbox,
        guard=guard,
        policy=policies.now,
        tables=tables,
    )
    agents = [_add(app, spec, parts) for spec in AGENT_SPECS]
    sinks = [agent.sink for agent in agents if agent.sink is not None]
    address = (settings.metrics_host, settings.metrics_port)
    health = HealthServer(metrics.registry, app.unready, address, lambda url: say(f"metrics on {url}/metrics"))
    closing = Closing([*(table.close for table in tables.values()), outbox.stop, *(sink.close for sink in sinks)])
    _tell_of_policy(policies, standing)
    for topic, count in read_by_workers(settings).items():
        standing.topic_partitions.labels(topic).set(count)
    beside = [
        Watch(app, sinks, metrics, wall_clock, schedule),
        Quarantining(guard, kafka, settings, wall_clock, metrics.quarantine),
        HeldRecords(kafka, settings.partitions, metrics.quarantine),
        Surroundings(redis_client(settings), settings.state_dir, standing),
        *(Ticking(app, agent.ticks) for agent in agents if agent.ticks is not None),
        Tidying(settings.state_dir),
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
            tables[spec.name] = app.chunk_table(spec.name, count, storage, flow)
    return tables


def _add(app: ChunkApp, spec: AgentSpec, parts: Parts) -> Made:
    made = spec.handler(parts)
    app.handle(spec.name, [topic.name for topic in spec.topics], made.process)
    return made


def _tell_of_policy(policies: Policies, standing: StandingMetrics) -> None:
    standing.policy_broken.set_function(lambda: policies.is_broken)


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
