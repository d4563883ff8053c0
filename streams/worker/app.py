"""The composition root: settings in, one worker's Faust app out. Nothing connects before the app starts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from faust.types import TP
from mode import Service
from prometheus_client import CollectorRegistry

from events.topics import (
    CAMPAIGN_COUNTS,
    CAMPAIGN_HOLDS,
    CONTACT_LINKS,
    CONTACT_ROOFS,
    CONTACT_STATE,
    DELETE_RETENTION_MS,
    EXPERIMENT_PARTIALS,
    EXPERIMENT_RESULTS,
    IDENTITY_LINKS,
    INPUT_TOPICS,
    SYSTEM_ALERTS,
)
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from sinks.results import ResultsSink
from streams.domain import campaigns, identity
from streams.domain.contact import ContactState, decode, encode
from streams.domain.experiments import table_records as experiments
from streams.domain.quarantine.floods import Floods
from streams.domain.quarantine.guard import Guard
from streams.engine.app import ChunkApp
from streams.engine.decoded_states import Codec, Storage
from streams.engine.rocksdb_store import RocksStores
from streams.engine.store import OpenStore
from streams.engine.table import ChunkTable, Flow
from streams.engine.write_back import WriteBackStores
from streams.engine.writer import Outbox
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.health import HealthServer
from streams.platform.policy_file import Policies
from streams.platform.policy_since import telling
from streams.platform.settings import Settings
from streams.platform.topics import (
    CAMPAIGNS_PARTITIONS,
    CAMPAIGNS_TABLE,
    CONTACTS_TABLE,
    EXPERIMENTS_PARTITIONS,
    EXPERIMENTS_TABLE,
    LINKS_PARTITIONS,
    LINKS_TABLE,
    read_by_workers,
)
from streams.worker.agents.campaigns.agent import Campaigns
from streams.worker.agents.contacts.agent import Contacts, flow_of
from streams.worker.agents.experiments.agent import Experiments
from streams.worker.agents.identity.agent import Links
from streams.worker.agents.identity.handler import Linking
from streams.worker.agents.intake.agent import Intake
from streams.worker.agents.sinks.campaign_holds import CampaignHolds
from streams.worker.agents.sinks.experiment_results import ExperimentResultsSink
from streams.worker.agents.sinks.redis_sink import ContactStateSink
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


def build_worker(settings: Settings, say: Callable[[str], None]) -> Worker:
    """One worker: intake, contacts, links, campaigns, experiments and the Redis sinks, metrics beside them.

    `say` is given what an operator wants to know: the address of /metrics, and that the work has begun.
    """
    kafka = KafkaClients(settings)
    schedule = read_schedule(settings.teams)
    metrics = Metrics(CollectorRegistry(), schedule.hours)
    standing = metrics.standing
    onlooker = TakeOvers(standing, settings.state_dir)
    app = ChunkApp(settings, kafka, lambda count: say(f"working on {count} partitions"), onlooker=onlooker)
    outbox = Outbox(kafka)
    stores = WriteBackStores(RocksStores(settings.state_dir), settings.recent_bytes // 2)
    policies = Policies(
        settings.policy, wall_clock, lambda outcome: metrics.policy.labels(outcome).inc(), telling(metrics.policy_since)
    )
    flow = flow_of(settings.partitions)
    table = app.chunk_table(CONTACTS_TABLE, settings.partitions, _storage(stores, settings), flow)
    links = _links_table(app, stores, settings)
    rates = _campaigns_table(app, stores, settings)
    sums = _experiments_table(app, stores, settings)
    new_linking = partial(Linking, partitions=settings.partitions, crowd=settings.identity_crowd)
    redis = RedisSink(redis_client(settings), stale_after=STALE_AFTER_S)
    sink = ContactStateSink(redis, kafka, settings.partitions, metrics, wall_clock)
    kept = ResultsSink(redis_client(settings), stale_after=STALE_AFTER_S)
    results = ExperimentResultsSink(kept, kafka, settings.partitions, metrics, wall_clock)
    holds = CampaignHolds(HoldsSink(redis_client(settings)), kafka, metrics, wall_clock)
    guard = Guard(Floods(settings.quarantine_letters), settings.hasher)
    intake = Intake(outbox, settings.hasher, settings.partitions, metrics, wall_clock, guard=guard)
    quarantining = Quarantining(guard, kafka, settings, wall_clock, metrics.quarantine)
    app.handle("intake", [t.name for t in INPUT_TOPICS], intake)
    contacts = Contacts(table, settings.partitions, metrics, wall_clock, policy=policies.now)
    app.handle("contacts", flow.sources, contacts)
    finding = Links(links, new_linking, metrics, outbox)
    app.handle("links", [IDENTITY_LINKS], finding)
    rating = Campaigns(rates, settings.partitions, metrics, policy=policies.now)
    app.handle("campaigns", [CAMPAIGN_COUNTS], rating)
    adding = Experiments(sums, settings.partitions, metrics, wall_clock, outbox)
    app.handle("experiments", [EXPERIMENT_PARTIALS], adding)
    app.handle("redis", [CONTACT_STATE, CONTACT_LINKS], sink)
    app.handle("holds", [CAMPAIGN_HOLDS], holds)
    app.handle("results", [EXPERIMENT_RESULTS], results)
    address = (settings.metrics_host, settings.metrics_port)
    health = HealthServer(metrics.registry, app.unready, address, lambda url: say(f"metrics on {url}/metrics"))
    tables = [table.close, links.close, rates.close, sums.close]
    closing = Closing([*tables, outbox.stop, sink.close, holds.close, results.close])
    _tell_of_policy(policies, standing)
    for topic, count in read_by_workers(settings).items():
        standing.topic_partitions.labels(topic).set(count)
    watch = Watch(app, [sink, holds, results], metrics, wall_clock, schedule)
    surroundings = Surroundings(redis_client(settings), settings.state_dir, standing)
    beside = [
        watch,
        quarantining,
        HeldRecords(kafka, settings.partitions, metrics.quarantine),
        surroundings,
        *(Ticking(app, each) for each in (adding, finding)),
        Tidying(settings.state_dir),
    ]
    return Worker(app, [closing, health, *beside])


def _tell_of_policy(policies: Policies, standing: StandingMetrics) -> None:
    standing.policy_broken.set_function(lambda: policies.is_broken)


def _storage(stores: OpenStore, settings: Settings) -> Storage[ContactState]:
    return Storage(stores, Codec(encode, decode), settings.recent_bytes)


def _links_table(app: ChunkApp, stores: OpenStore, settings: Settings) -> ChunkTable[identity.Node]:
    """Folding into it tells nodes of every partition. Of sources in quarantine there are alerts as well."""
    storage = Storage(stores, Codec(identity.encode, identity.decode), settings.recent_bytes // LINKS_SHARE)
    flow = Flow([IDENTITY_LINKS], elsewhere=_all_of(CONTACT_ROOFS, settings), shared=_all_of(SYSTEM_ALERTS, settings))
    return app.chunk_table(LINKS_TABLE, LINKS_PARTITIONS, storage, flow)


def _campaigns_table(app: ChunkApp, stores: OpenStore, settings: Settings) -> ChunkTable[campaigns.Kept]:
    storage = Storage(stores, Codec(campaigns.encode, campaigns.decode), CAMPAIGNS_BYTES)
    flow = Flow([CAMPAIGN_COUNTS], shared=_all_of(SYSTEM_ALERTS, settings))
    return app.chunk_table(CAMPAIGNS_TABLE, CAMPAIGNS_PARTITIONS, storage, flow)


def _experiments_table(app: ChunkApp, stores: OpenStore, settings: Settings) -> ChunkTable[experiments.Kept]:
    storage = Storage(stores, Codec(experiments.encode, experiments.decode), EXPERIMENTS_BYTES)
    flow = Flow(
        [EXPERIMENT_PARTIALS],
        elsewhere=_all_of(EXPERIMENT_RESULTS, settings),
        shared=_all_of(SYSTEM_ALERTS, settings),
    )
    return app.chunk_table(EXPERIMENTS_TABLE, EXPERIMENTS_PARTITIONS, storage, flow)


def _all_of(topic: str, settings: Settings) -> list[TP]:
    return [TP(topic, number) for number in range(settings.partitions)]


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
