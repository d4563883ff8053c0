"""Runs every check of the doctor, whatever part of the deployment is away; changes nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, OffsetSpec
from kafka.errors import (
    AuthorizationError,
    ClusterAuthorizationFailedError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    TransactionalIdNotFoundError,
)
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from events.topics import INTERACTIONS
from sinks.lake.files import open_files
from sinks.lake.live_files import find_live_files, next_offsets
from sinks.lake.manifests import LakeDamaged
from streams.operations.doctor.configuration import examine_configuration
from streams.operations.doctor.finding import Finding, fail, gravest_of_each_setting, ok, warn
from streams.operations.doctor.lake import examine_lake, judge_behind
from streams.operations.doctor.machine import examine_machine
from streams.operations.doctor.replicas import judge_default, judge_replicas
from streams.operations.doctor.servers import (
    judge_broker_settings,
    judge_brokers,
    judge_clock,
    judge_group,
    judge_newest,
    judge_permissions,
    judge_redis,
    judge_topics,
)
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.described_replicas import internal_replicas, live_brokers, topic_replicas
from streams.platform.errors import HiddenTopic, MissingTopic
from streams.platform.identity_key import identity_key_problem
from streams.platform.settings import Settings
from streams.platform.topics import CONTACTS_TABLE, describe_topics, wanted_topics
from streams.platform.tried_address import kafka_address_tried, redis_address_tried

PATIENCE_S = 5.0
DEFAULT_REPLICATION = "default.replication.factor"
Check = Callable[[], Iterator[Finding]]


def examine(settings: Settings) -> list[Finding]:
    """Findings of every check; what cannot be read is a finding too."""
    checks: list[Check] = [
        partial(examine_configuration, settings),
        partial(examine_machine, settings),
        partial(examine_lake, settings, time.time_ns() // 1_000_000),
        partial(_examine_kafka, settings),
        partial(_examine_redis, settings),
    ]
    return gravest_of_each_setting(chain.from_iterable(check() for check in checks))


def _examine_kafka(settings: Settings) -> Iterator[Finding]:
    try:
        admin = KafkaClients(settings).admin(PATIENCE_S)
    except KafkaError as error:
        found = f"none answers ({type(error).__name__}): {kafka_address_tried(settings)}"
        yield fail("brokers", found, "is KAFKA_BOOTSTRAP right and Kafka up?")
        return
    try:
        checks = [
            _brokers,
            _broker_settings,
            _topics,
            _replicas,
            _permissions,
            _transactions,
            _group,
            _broker_clock,
            _lake,
        ]
        for check in checks:
            yield from _asked(partial(check, admin, settings), check.__name__.strip("_").replace("_", " "))
    finally:
        admin.close()


def _asked(check: Check, what: str) -> list[Finding]:
    """Findings of one check; an error of Kafka becomes a finding, so that the other checks still run."""
    try:
        return list(check())
    except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError):
        return [warn(what, "Kafka has chosen no coordinator yet, as where no worker has been", "ask again in a moment")]
    except KafkaError as error:
        return [_unanswered(what, error)]


def _unanswered(what: str, error: KafkaError) -> Finding:
    if isinstance(error, AuthorizationError):
        cure = "may this user describe topics, groups and configs?"
        return fail(what, f"Kafka answers {type(error).__name__}", cure)
    cure = "is a broker dead or frozen? Ask again in ten seconds, when another one leads what it led"
    return fail(what, f"Kafka does not answer ({type(error).__name__})", cure)


def _brokers(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    versions = {broker: _version(admin, broker) for broker in live_brokers(admin)}
    default = _default_replication(admin)
    yield from judge_brokers(versions, settings, default)
    yield from judge_default(default, settings)


def _version(admin: KafkaAdminClient, broker: int) -> tuple[int, ...]:
    """The version of a broker; empty where it does not answer: one that has just been frozen still counts as up."""
    with suppress(KafkaError):
        return tuple(admin.get_broker_version_data(broker).broker_version or ())
    return ()


def _default_replication(admin: KafkaAdminClient) -> int | None:
    """How many replicas brokers give a new topic; None where no broker says so to this user."""
    for broker in live_brokers(admin):
        with suppress(KafkaError):
            asked = [ConfigResource("BROKER", str(broker), configs={DEFAULT_REPLICATION: None})]
            answer = admin.describe_configs(asked, config_filter="all").get("broker", {})
            for config in answer.values():
                if (entry := config.get(DEFAULT_REPLICATION)) is not None and entry["value"] is not None:
                    return int(entry["value"])
    return None


def _broker_settings(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    """Not for everybody to ask; who may not is not told."""
    with suppress(ClusterAuthorizationFailedError):
        asked = [ConfigResource("BROKER", str(broker)) for broker in live_brokers(admin)]
        answer = admin.describe_configs(asked, config_filter="all").get("broker", {})
        yield from judge_broker_settings(
            {
                broker: {key: str(entry["value"]) for key, entry in config.items() if entry["value"] is not None}
                for broker, config in answer.items()
            }
        )


def _topics(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    found = describe_topics(admin, settings)
    there = [ConfigResource("TOPIC", entry.topic.name) for entry in found if entry.partitions]
    answer = admin.describe_configs(there, config_filter="all").get("topic", {}) if there else {}
    configs = {
        name: {key: str(entry["value"]) for key, entry in config.items() if entry["value"] is not None}
        for name, config in answer.items()
    }
    yield from judge_topics(found, configs, settings, _default_replication(admin))


def _replicas(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    own = topic_replicas(admin, [topic.name for topic in wanted_topics(settings)])
    yield from judge_replicas(own, internal_replicas(admin, settings), len(live_brokers(admin)), settings)


def _permissions(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    described = admin.describe_topics([topic.name for topic in wanted_topics(settings)])
    allowed = {
        entry["name"]: set(entry["authorized_operations"])
        for entry in described
        if not entry["error_code"] and entry.get("authorized_operations") is not None
    }
    yield from judge_permissions(allowed, settings)


def _transactions(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    """Whether a worker may describe its transactions, as a new owner of a partition does.

    Those of an id as workers have them: whether somebody may is said before whether there is such an id.
    """
    with suppress(TransactionalIdNotFoundError):  # this one has not run yet
        admin.describe_transactions([f"{settings.app_id}-{CONTACTS_TABLE}-{settings.instance or 'anybody'}"])
    yield ok("transactions", "a worker may ask about its own")


def _group(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    group = admin.describe_groups([settings.app_id])[settings.app_id]
    operations = group.get("authorized_operations")
    yield from judge_group(set(operations) if operations else None, settings.app_id)
    members = len(group.get("members", ()))
    yield ok("group", f"{settings.app_id} has {members} {'worker' if members == 1 else 'workers'}")


def _broker_clock(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    asked = {TopicPartition(INTERACTIONS, number): OffsetSpec.MAX_TIMESTAMP for number in range(settings.partitions)}
    stamps = [found.timestamp for found in admin.list_partition_offsets(asked).values() if found.timestamp > 0]
    yield from judge_newest(max(stamps, default=None), time.time_ns() // 1_000_000)


def _lake(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    """How far the lake is behind; other trouble with it is found by `examine_lake`."""
    if settings.lake is None:
        return
    with suppress(OSError, ValueError, LakeDamaged, HiddenTopic, MissingTopic):
        files = open_files(settings.lake)
        topic_id = KafkaClients(settings).topic_id(INTERACTIONS)
        begin = next_offsets(files, find_live_files(files), topic_id, range(settings.partitions))
        places = [TopicPartition(INTERACTIONS, number) for number in range(settings.partitions)]
        starts, ends = (
            {place.partition: int(found.offset) for place, found in admin.list_partition_offsets(asked).items()}
            for asked in (dict.fromkeys(places, OffsetSpec.EARLIEST), dict.fromkeys(places, OffsetSpec.LATEST))
        )
        yield judge_behind(begin, starts, ends)


def _examine_redis(settings: Settings) -> Iterator[Finding]:
    redis = tool_redis(settings)
    try:
        before = time.time()
        seconds, micros = redis.time()
        own = (before + time.time()) / 2
        yield from judge_redis(redis.info(), _may_run_scripts(redis))
        if (trouble := identity_key_problem(settings)) is not None:
            setting, _, rest = trouble.partition(" ")
            found, _, cure = rest.partition(": ")
            yield fail(setting, found, cure)
        yield judge_clock("Redis", seconds + micros / 1e6 - own)
    except RedisError as error:
        cure = "is REDIS_URL right, the server up, and may its user call INFO and TIME? Workers go on without it"
        yield fail("Redis", f"it does not answer ({type(error).__name__}): {redis_address_tried(settings)}", cure)
    finally:
        redis.close()


def _may_run_scripts(redis: Redis) -> bool:
    try:
        return bool(redis.eval("return 1", 0))
    except ResponseError:
        return False
