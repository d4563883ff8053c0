"""Redis behind a prefix: every command and script finds its own keys and no other deployment's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis import Redis as SyncRedis

from events.topics import CONTACT_STATE
from sinks.base import ContactChange, Position
from sinks.holds import HoldsSink
from sinks.keys import contact_key
from sinks.redis import RedisSink
from streams.platform.clients import redis_client as client_with
from streams.platform.clients import tool_redis
from streams.platform.prefixed_redis import UnknownCommand
from streams.platform.settings import Settings
from tests.contract.redis_server import RedisServer

NORTH, SOUTH = "north.", "south-"
TOPIC = "a topic's id"


def settings_of(server: RedisServer, prefix: str) -> Settings:
    return Settings(redis_url=f"redis://127.0.0.1:{server.port}", topic_prefix=prefix)


@pytest.fixture
async def raw(redis_server: RedisServer) -> AsyncIterator[SyncRedis]:
    with SyncRedis(port=redis_server.port) as client:
        client.flushall()
        yield client


def sink_of(server: RedisServer, prefix: str) -> RedisSink:
    return RedisSink(client_with(settings_of(server, prefix)), stale_after=60)


async def fill(server: RedisServer, prefix: str, contact_id: str) -> None:
    sink = sink_of(server, prefix)
    change = ContactChange(contact_id, 1, b"{}", None, None)
    assert await sink.write(0, [change], None, Position(TOPIC, 1))
    await sink.close()


def keys(raw: SyncRedis) -> set[str]:
    return {key.decode() for key in raw.scan_iter()}


async def test_deployments_with_two_prefixes_and_one_without_share_no_key(
    redis_server: RedisServer, raw: SyncRedis
) -> None:
    for prefix in (NORTH, SOUTH, ""):
        await fill(redis_server, prefix, f"ada of {prefix}")

    position = f"sink:{CONTACT_STATE}:0"
    assert keys(raw) == {
        key for prefix in (NORTH, SOUTH, "") for key in (f"{prefix}contact:ada of {prefix}", prefix + position)
    }


@pytest.mark.parametrize("cleared", [NORTH, ""])
async def test_clearing_a_partition_deletes_nothing_of_another_deployment(
    redis_server: RedisServer, raw: SyncRedis, cleared: str
) -> None:
    for prefix in (NORTH, SOUTH, ""):
        await fill(redis_server, prefix, "ada")
    before = keys(raw)
    sink = sink_of(redis_server, cleared)
    await sink.clear(0, 1)
    await sink.close()

    assert keys(raw) == {key for key in before if not key.startswith((f"{cleared}contact:", f"{cleared}sink:"))}


async def test_a_blocking_client_reads_what_a_worker_of_its_prefix_wrote(
    redis_server: RedisServer, raw: SyncRedis
) -> None:
    await fill(redis_server, NORTH, "ada")
    holds = HoldsSink(client_with(settings_of(redis_server, NORTH)))
    assert await holds.put({"spring": 5}, Position(TOPIC, 7), 0, 0) == "written"
    await holds.close()

    for prefix, names in ((NORTH, [contact_key("ada")]), (SOUTH, [])):
        client = tool_redis(settings_of(redis_server, prefix))
        assert [key.decode() for key in client.scan_iter("contact:*")] == names
        with client.pipeline(transaction=True) as calls:
            calls.hgetall("holds")
            calls.hget("contact:ada", "version")
            held, version = calls.execute()
        assert ([*held], version) == (([b"spring"], b"1") if names else ([], None))
        client.close()


async def test_a_command_whose_keys_are_not_known_writes_nothing(redis_server: RedisServer, raw: SyncRedis) -> None:
    client: Any = client_with(settings_of(redis_server, NORTH))
    for command in (("LPUSH", "list", "1"), ("SCAN", "0")):
        with pytest.raises(UnknownCommand, match=command[0]):
            await client.execute_command(*command)
    await client.aclose()
    assert not keys(raw)
