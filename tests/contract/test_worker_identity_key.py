"""Which identity keys a worker may start with, by what the workers before it have left in Redis."""

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.base import Position
from sinks.holds import HoldsSink
from sinks.keys import position_key
from streams.platform.clients import KafkaClients
from streams.platform.errors import Unusable
from streams.platform.identity_key import OTHER_REGIME, identity_key_problem, require_key_of_other_workers
from streams.platform.settings import Settings
from tests.contract.conftest import client_of
from tests.contract.redis_server import RedisServer

FIRST, SECOND, THIRD = "the first key", "the second key", "the third key"
TOPIC_ID = "the topic of now"


def settings_with(key: str, port: int = 1) -> Settings:
    return Settings(redis_url=f"redis://127.0.0.1:{port}", identity_key=SecretStr(key))


async def leave(port: int, key: str, topic_id: str = TOPIC_ID) -> None:
    """As a running worker with this key does every second."""
    sink = HoldsSink(client_of(port), settings_with(key).hasher.key_ids)
    assert await sink.put({}, Position(topic_id, 0), 0, 0) == "written"
    await sink.close()


def starts(port: int, key: str) -> bool:
    try:
        require_key_of_other_workers(settings_with(key, port))
    except Unusable:
        return False
    return True


@pytest.fixture
def port(redis_server: RedisServer, redis_client: Redis, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of an empty Redis; Kafka says that the topic of the holds has the id `TOPIC_ID`."""
    assert redis_client
    monkeypatch.setattr(KafkaClients, "topic_id", lambda _, topic: {CAMPAIGN_HOLDS: TOPIC_ID}[topic])
    return redis_server.port


async def test_the_first_worker_starts_with_any_key(port: int) -> None:
    assert starts(port, FIRST)


async def test_another_key_is_refused_also_after_all_workers_have_stopped(port: int) -> None:
    await leave(port, FIRST)
    assert starts(port, FIRST)
    assert not starts(port, SECOND)
    assert not starts(port, f"{SECOND},{THIRD}")


async def test_a_regime_may_be_changed_and_whoever_reads_as_before_is_told(port: int) -> None:
    french = settings_with(FIRST, port).model_copy(update={"regime": "fr", "phone_region": "FR"})
    sink = HoldsSink(client_of(port), french.key_ids)
    assert await sink.put({}, Position(TOPIC_ID, 0), 0, 0) == "written"
    await sink.close()
    assert starts(port, FIRST)
    assert identity_key_problem(french) is None
    assert identity_key_problem(settings_with(FIRST, port)) == OTHER_REGIME


async def test_a_key_is_changed_by_two_rolling_restarts_whichever_worker_has_written_last(port: int) -> None:
    both = f"{SECOND},{FIRST}"
    for before, after in ((FIRST, both), (both, SECOND)):
        for written_last in (before, after):
            await leave(port, written_last)
            assert starts(port, after)
            assert starts(port, before)
    await leave(port, SECOND)
    assert not starts(port, FIRST)


async def test_what_workers_of_earlier_topics_have_left_refuses_no_key(port: int) -> None:
    await leave(port, FIRST, "the topic of that name that was deleted")
    assert starts(port, SECOND)


async def test_where_the_old_key_is_lost_the_field_in_redis_is_deleted(port: int, redis_client: Redis) -> None:
    await leave(port, FIRST)
    await redis_client.hdel(position_key(0, CAMPAIGN_HOLDS), "key_ids")
    assert starts(port, SECOND)


async def test_a_deployment_behind_another_prefix_has_a_key_of_its_own(port: int) -> None:
    await leave(port, FIRST)
    behind = settings_with(SECOND, port).model_copy(update={"topic_prefix": "north."})
    assert identity_key_problem(behind) is None
    require_key_of_other_workers(behind)


async def test_two_deployments_with_one_prefix_and_different_keys_are_refused_with_both_cures(port: int) -> None:
    await leave(port, FIRST)
    found = identity_key_problem(settings_with(SECOND, port))
    assert found is not None
    assert "set the workers' key" in found
    assert "HARMONIA_TOPIC_PREFIX that no other has" in found
    with pytest.raises(Unusable, match="HARMONIA_TOPIC_PREFIX that no other has"):
        require_key_of_other_workers(settings_with(SECOND, port))
