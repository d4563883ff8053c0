"""Redis may be emptied or go away: it is filled again by itself, and nothing else waits for it."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from events.experiment_results import ExperimentResult
from events.times import parse_time
from events.topics import CONTACT_SEGMENTS, CONTACT_STATE, EXPERIMENT_RESULTS, SEGMENT_DEFINITIONS
from sinks.keys import members_key, partition_of, segments_key
from streams.demo.read_back import profiles_in_redis, profiles_in_topic
from streams.demo.recount import Profile
from streams.engine.runs import KafkaRecord
from streams.local.stack import Stack
from tests.contract.redis_server import RedisServer
from tests.integration.said import FITTING, event, fresh, structured
from tests.integration.system import System, ask, running_system
from tests.integration.tap import tapped
from tests.integration.waiting import until
from tests.unit.domain.experiments.example import CONTRACTS

CONTACTS = 200
TOPICS = list(FITTING)


@pytest.fixture(scope="module")
def system(frail_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Its Redis is its own, for nobody else's may be emptied."""
    with running_system(frail_stack, tmp_path_factory.mktemp("redis-sink")) as system:
        yield system


@pytest.fixture(scope="module")
def told() -> Counter[str]:
    """How many interactions of each contact have been published so far."""
    return Counter()


def publish(system: System, told: Counter[str], contact_ids: list[str], rounds: int = 1) -> None:
    """So many interactions of each contact."""
    producer = system.deployment.producer
    for topic in TOPICS[:rounds]:
        for contact_id in contact_ids:
            producer.send(topic, structured(event(FITTING[topic], {"contact_id": contact_id}))[0])
        told.update(contact_ids)
    producer.flush()


def until_all_in_redis(system: System, told: Counter[str]) -> None:
    """Return once Redis has counted all that was told, and equals `contact-state`."""

    def counted() -> dict[str, int]:
        return {key: total(profile) for key, profile in in_redis(system).items()}

    until(lambda: counted() == told, "every interaction in Redis")
    # Read anew at each look: for readers a transaction ends a moment after its writer has been told so.
    until(lambda: in_redis(system) == profiles_in_topic(system.deployment.consumer), "Redis equal to contact-state")


def in_redis(system: System) -> dict[str, Profile]:
    return profiles_in_redis(system.deployment.redis)


def total(profile: Profile) -> int:
    """How many interactions a profile counts."""
    counts = profile["counts"]
    assert isinstance(counts, dict)
    return sum(counts.values())


def new_contacts() -> list[str]:
    return [fresh() for _ in range(CONTACTS)]


def test_while_redis_is_away_profiles_go_on_and_afterwards_nothing_is_missing_even_where_it_is_emptied(
    system: System, redis_server: RedisServer, told: Counter[str]
) -> None:
    """What else may befall it is in the chaos suite."""
    known, unknown = new_contacts(), new_contacts()
    publish(system, told, known)
    until_all_in_redis(system, told)
    errors = system.metric("harmonia_sink_errors_total", sink="redis")

    with tapped(system.settings, CONTACT_STATE) as states:
        redis_server.kill()
        publish(system, told, known + unknown, rounds=2)
        states.until(lambda seen: counted_in(seen) >= told_of(told, known + unknown), "all of it in contact-state")
    until(lambda: system.metric("harmonia_sink_errors_total", sink="redis") > errors, "errors of the sink")
    assert [ask(f"{system.base}/{path}")[0] for path in ("livez", "readyz")] == [200, 200]

    redis_server.start()
    until_all_in_redis(system, told)
    there = in_redis(system)
    redis_server.tell("FLUSHALL")
    until(lambda: in_redis(system) == there, "all profiles again, without any traffic")
    assert system.metric("harmonia_sink_refills_total", sink="redis") >= system.settings.partitions
    assert system.workers.process.poll() is None


def told_of(told: Counter[str], contact_ids: list[str]) -> Counter[str]:
    return Counter({contact_id: told[contact_id] for contact_id in contact_ids})


def counted_in(records: list[KafkaRecord]) -> Counter[str]:
    """How many interactions the latest profile of each contact counts."""
    profiles = [json.loads(record.value or b"") for record in records]
    return Counter({profile["contact_id"]: total(profile) for profile in profiles})


def test_a_result_of_an_experiment_is_in_redis_comes_back_after_a_flush_and_goes_when_it_is_forgotten(
    system: System, redis_server: RedisServer
) -> None:
    result: ExperimentResult = {**CONTRACTS, "experiment": fresh()}
    key, value = result["experiment"].encode(), json.dumps(result).encode()
    producer, redis = system.deployment.producer, system.deployment.redis
    producer.send(EXPERIMENT_RESULTS, value, key).get(30)
    until(lambda: redis.get(b"experiment:" + key) == value, "the result in Redis")

    redis_server.tell("FLUSHALL")
    until(lambda: redis.get(b"experiment:" + key) == value, "the result again")
    assert system.metric("harmonia_sink_refills_total", sink="results") >= system.settings.partitions

    producer.send(EXPERIMENT_RESULTS, None, key).get(30)
    until(lambda: not redis.exists(b"experiment:" + key), "it to be gone")
    assert not redis.hexists("experiments", result["experiment"])
    assert system.workers.process.poll() is None


def test_who_is_in_a_segment_is_in_redis_comes_back_after_a_flush_and_goes_when_it_is_withdrawn(
    system: System, redis_server: RedisServer
) -> None:
    name, who, since = fresh(), fresh(), "2026-11-28T18:31:51.250Z"
    partition = partition_of(who, system.settings.partitions)
    value = json.dumps({"version": 1, "as_of": since, "segments": {name: {"since": since, "edition": "e"}}}).encode()
    definition = json.dumps({"id": name, "owner": "", "members": True, "all": [{"tag": "volunteer"}]}).encode()
    producer, redis = system.deployment.producer, system.deployment.redis
    members = members_key(name, partition)
    producer.send(CONTACT_SEGMENTS, value, who.encode(), partition=partition).get(30)
    for number in range(system.settings.partitions):
        producer.send(SEGMENT_DEFINITIONS, definition, name.encode(), partition=number).get(30)
    until(lambda: redis.zrange(members, 0, -1, withscores=True) == [(who.encode(), parse_time(since))], "the member")

    redis_server.tell("FLUSHALL")
    until(lambda: redis.zrange(members, 0, -1) == [who.encode()], "the member again")
    assert redis.hget(segments_key(partition), who) == value
    assert system.metric("harmonia_sink_refills_total", sink="segments") >= system.settings.partitions

    for number in range(system.settings.partitions):
        producer.send(SEGMENT_DEFINITIONS, None, name.encode(), partition=number).get(30)
    until(lambda: not redis.exists(members), "the list to be gone")
    assert system.workers.process.poll() is None
