"""Connections to Redis: faults, joined calls and prefixes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from events.topics import CONTACT_STATE
from sinks.base import ContactChange, Position, SinkUnavailable, StoredContact
from sinks.holds import HoldsSink
from sinks.keys import contact_key, position_key
from sinks.redis import RedisSink
from sinks.redis_call import Backoff, JoinedCalls
from streams.platform.clients import redis_client as client_with
from streams.platform.clients import tool_redis
from streams.platform.prefixed_redis import UnknownCommand
from streams.platform.settings import Settings
from tests.contract.conftest import client_of
from tests.contract.contact_sink import HASHED, STALE_AFTER, at, living, merged
from tests.contract.lossy_proxy import LossyProxy
from tests.contract.profiles import contact_of, read_profile
from tests.contract.redis_server import RedisServer


async def test_the_keys_are_those_of_the_contract(sink: RedisSink, redis_client: Redis) -> None:
    await sink.write(0, [living(HASHED, 7, b'{"a":1}'), merged("bob", 8, "ada")], None, at(2))
    assert await redis_client.hgetall(contact_key(HASHED)) == {b"version": b"7", b"state": b'{"a":1}'}
    assert await redis_client.hgetall("contact:bob") == {b"version": b"8", b"merged_into": b"ada"}
    assert await redis_client.get("identity:" + HASHED) == HASHED.encode()
    assert await redis_client.hkeys("sink:contact-state:0") == [b"topic_id", b"offset", b"written_at"]


async def test_a_client_that_decodes_reads_the_same(redis_server: RedisServer, sink: RedisSink) -> None:
    await sink.write(0, [living(HASHED, 1, "é".encode()), merged("bob", 2, "ada")], None, at(1))
    async with Redis(host="127.0.0.1", port=redis_server.port, decode_responses=True) as client:
        assert await RedisSink(client, stale_after=STALE_AFTER).position(0) == at(1)
        assert await read_profile(client, HASHED) == StoredContact(1, "é".encode())
        assert await read_profile(client, "bob") == StoredContact(2, merged_into="ada")
        assert await contact_of(client, HASHED) == HASHED


async def test_a_lost_answer_is_found_again_by_the_position(redis_server: RedisServer, redis_client: Redis) -> None:
    async with LossyProxy(redis_server.port) as proxy:
        sink = RedisSink(client_of(proxy.port), stale_after=STALE_AFTER)
        assert await sink.write(0, [living("ada", 1)], None, at(1))
        proxy.lose_answers()
        with pytest.raises(SinkUnavailable):
            await sink.write(0, [living("ada", 2, b"new")], at(1), at(2))
        proxy.lose_answers(False)
        assert not await sink.write(0, [living("ada", 2, b"new")], at(1), at(2))
        assert await sink.position(0) == at(2)
        assert await read_profile(redis_client, "ada") == StoredContact(2, b"new")
        await sink.close()


async def test_a_frozen_server_times_out_and_later_answers_go_to_their_own_questions(
    redis_server: RedisServer, other: RedisSink, redis_client: Redis
) -> None:
    hasty = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER, timeout=0.2)
    await hasty.write(0, [living("ada", 1)], None, at(1))
    redis_server.freeze()
    try:
        with pytest.raises(SinkUnavailable):
            await hasty.write(0, [living("ada", 2)], at(1), at(2))
    finally:
        redis_server.thaw()
    assert await hasty.position(5) is None
    assert await hasty.position(0) in {at(1), at(2)}
    await hasty.close()


async def test_a_killed_server_goes_on_where_it_was(redis_server: RedisServer, sink: RedisSink) -> None:
    assert await sink.write(0, [living("ada", 1)], None, at(1))
    redis_server.kill()
    with pytest.raises(SinkUnavailable):
        await sink.write(0, [living("ada", 2)], at(1), at(2))
    with pytest.raises(SinkUnavailable):
        await sink.touch(0, at(1))
    redis_server.start()
    assert await sink.position(0) == at(1)
    assert await sink.write(0, [living("ada", 2)], at(1), at(2))


async def test_forgotten_scripts_are_loaded_again(sink: RedisSink, redis_client: Redis) -> None:
    assert await sink.write(0, [living("ada", 1)], None, at(1))
    await redis_client.script_flush()
    assert await sink.write(0, [living("ada", 2)], at(1), at(2))
    await redis_client.script_flush()
    assert await sink.touch(0, at(2))
    await redis_client.script_flush()
    assert await sink.position(0) == at(2)
    await redis_client.script_flush()
    await sink.clear(0, 1)


async def test_a_server_that_is_still_loading_is_unavailable(
    redis_server: RedisServer, sink: RedisSink, redis_client: Redis
) -> None:
    assert await sink.write(0, [living(f"c-{n}", 1) for n in range(200)], None, at(1))
    await redis_client.config_set("key-load-delay", "2000", "loading-process-events-interval-bytes", "1024")
    loading = asyncio.create_task(asyncio.to_thread(redis_server.tell, "DEBUG RELOAD"))
    refusals = set()
    while not loading.done():
        try:
            await sink.touch(0, at(1))
        except SinkUnavailable as refusal:
            refusals.add(str(refusal))
    assert refusals == {"redis: BusyLoadingError"}
    await redis_client.config_set("key-load-delay", "0")
    assert await sink.position(0) == at(1)


async def test_a_full_server_takes_nothing(sink: RedisSink, redis_client: Redis) -> None:
    assert await sink.write(0, [living("ada", 1)], None, at(1))
    await redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(SinkUnavailable):
            await sink.write(0, [living("ada", 2), living("bob", 1)], at(1), at(2))
        assert await sink.position(0) == at(1)
    finally:
        await redis_client.config_set("maxmemory", "0")
    assert await read_profile(redis_client, "bob") is None
    assert await sink.write(0, [living("bob", 1)], at(1), at(2))


async def test_a_read_only_server_takes_nothing(sink: RedisSink, redis_client: Redis) -> None:
    assert await sink.write(0, [living("ada", 1)], None, at(1))
    await redis_client.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(SinkUnavailable):
            await sink.write(0, [living("ada", 2)], at(1), at(2))
    finally:
        await redis_client.replicaof("NO", "ONE")
    assert await sink.write(0, [living("ada", 2)], at(1), at(2))


async def test_an_error_names_no_address_and_no_contact(redis_server: RedisServer, redis_client: Redis) -> None:
    await redis_client.set(contact_key(HASHED), "a string in the place of a hash")
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    away = RedisSink(client_of(1), stale_after=STALE_AFTER)
    with pytest.raises(SinkUnavailable) as wrong_type:
        await sink.write(0, [living(HASHED, 1)], None, at(1))
    with pytest.raises(SinkUnavailable) as refused:
        await away.position(0)
    for error in (wrong_type.value, refused.value):
        assert "127.0.0.1" not in str(error)
        assert HASHED not in str(error)
        assert (error.__cause__, error.__context__) == (None, None)
    await sink.close()
    await away.close()


async def test_the_wait_of_a_sink_grows_with_the_outage_and_ends_with_it(
    redis_server: RedisServer, redis_client: Redis
) -> None:
    now = [0.0]
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER, backoff=Backoff(clock=lambda: now[0]))
    await redis_client.set(position_key(0), "a string in the place of a hash")
    waits = []
    for _ in range(8):
        with pytest.raises(SinkUnavailable) as unavailable:
            await sink.position(0)
        waits.append(unavailable.value.retry_after)
        now[0] += waits[-1]
    assert waits == pytest.approx([0.1, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0])
    await redis_client.delete(position_key(0))
    assert await sink.position(0) is None
    await redis_client.set(position_key(0), "again")
    with pytest.raises(SinkUnavailable) as unavailable:
        await sink.position(0)
    assert unavailable.value.retry_after == pytest.approx(0.1)
    for _ in range(20):  # many callers in one outage do not lengthen it
        with pytest.raises(SinkUnavailable) as unavailable:
            await sink.position(0)
    assert unavailable.value.retry_after == pytest.approx(0.1)
    await sink.close()


PARTITIONS = range(12)


@pytest.fixture
async def client(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Redis]:
    """On an empty database."""
    async with client_of(redis_server.port) as client:
        yield client


@pytest.fixture
def double(client: Redis) -> AsyncScript:
    """Doubles a number; any other word is an error of its own call."""
    return client.register_script("return tonumber(ARGV[1]) * 2")


async def connections(client: Redis) -> int:
    """How many the server has had so far."""
    return int((await client.info("stats"))["total_connections_received"])


async def test_a_sink_asks_about_all_its_partitions_on_one_connection(
    redis_server: RedisServer, redis_client: Redis
) -> None:
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    for number in PARTITIONS:
        assert await sink.write(number, [living(f"ada{number}", 1)], None, at(number + 1))
    before = await connections(redis_client)
    stands = await asyncio.gather(*(sink.touch(number, at(number + 1)) for number in PARTITIONS))
    assert stands == [True] * len(PARTITIONS)
    assert await connections(redis_client) == before
    await sink.close()


async def test_where_the_sink_stands_elsewhere_is_told_of_that_partition_alone(
    redis_server: RedisServer, redis_client: Redis
) -> None:
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    for number in PARTITIONS:
        assert await sink.write(number, [living(f"ada{number}", 1)], None, at(1))
    await redis_client.delete("sink:contact-state:3")
    stands = await asyncio.gather(*(sink.touch(number, at(2 if number == 7 else 1)) for number in PARTITIONS))
    assert stands == [number not in {3, 7} for number in PARTITIONS]
    await sink.close()


async def test_each_caller_has_the_answer_to_its_own_call(client: Redis, double: AsyncScript) -> None:
    joined = JoinedCalls(client)
    await joined.ask(double, [], ["0"])
    assert await asyncio.gather(*(joined.ask(double, [], [str(each)]) for each in range(300))) == [*range(0, 600, 2)]


@pytest.mark.parametrize("knows_the_script", [True, False])
async def test_a_call_that_fails_costs_no_other_its_answer(
    client: Redis, redis_client: Redis, double: AsyncScript, *, knows_the_script: bool
) -> None:
    await redis_client.script_flush()
    if knows_the_script:
        await redis_client.script_load(double.script)
    joined = JoinedCalls(client)
    first, second, third = await asyncio.gather(
        *(joined.ask(double, [], [each]) for each in ("1", "no number", "3")), return_exceptions=True
    )
    assert (first, third) == (2, 6)
    assert isinstance(second, ResponseError)


async def test_a_frozen_server_fails_all_within_the_limit_and_later_answers_are_those_of_later_calls(
    redis_server: RedisServer, client: Redis, double: AsyncScript
) -> None:
    joined = JoinedCalls(client, limit_s=0.2)
    assert await joined.ask(double, [], ["1"]) == 2
    redis_server.freeze()
    try:
        failed = await asyncio.gather(*(joined.ask(double, [], [each]) for each in ("2", "3")), return_exceptions=True)
    finally:
        redis_server.thaw()
    assert [type(each) for each in failed] == [TimeoutError, TimeoutError]
    assert await asyncio.gather(*(joined.ask(double, [], [each]) for each in ("4", "5"))) == [8, 10]


async def test_who_gives_up_costs_no_other_its_answer(client: Redis, double: AsyncScript) -> None:
    joined = JoinedCalls(client)
    hasty, patient = (asyncio.create_task(joined.ask(double, [], [each])) for each in ("1", "2"))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == 4
    with pytest.raises(asyncio.CancelledError):
        await hasty


@pytest.mark.usefixtures("redis_client")
async def test_closing_a_sink_fails_what_it_asks_of_a_frozen_server_and_leaves_no_connection(
    redis_server: RedisServer,
) -> None:
    client = client_of(redis_server.port, retries=1, patience_s=60)
    sink = RedisSink(client, stale_after=STALE_AFTER, timeout=60)
    assert await sink.write(0, [living("ada", 1)], None, at(1))
    redis_server.freeze()
    try:
        asking = asyncio.create_task(sink.touch(0, at(1)))
        assert await asyncio.wait({asking}, timeout=0.1) == (set(), {asking})
        assert [each.is_connected for each in client.connection_pool._in_use_connections] == [True]
        await sink.close()
        with pytest.raises(SinkUnavailable):
            await asyncio.wait_for(asking, 10)
    finally:
        redis_server.thaw()
    pool = client.connection_pool
    assert not any(each.is_connected for each in [*pool._in_use_connections, *pool._available_connections])


@pytest.mark.parametrize("turns", [1, 2], ids=["before it is handed over", "before it is sent"])
async def test_a_call_that_is_about_to_be_sent_fails_when_its_sink_is_closed(
    client: Redis, double: AsyncScript, turns: int
) -> None:
    joined = JoinedCalls(client)
    asking = asyncio.create_task(joined.ask(double, [], ["1"]))
    for _ in range(turns):
        await asyncio.sleep(0)
    await joined.close()
    with pytest.raises(RedisAway):
        await asyncio.wait_for(asking, 10)


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
