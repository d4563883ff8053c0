"""What can happen to a Redis, and to those who write to it. Nothing may be lost, and nothing may be told to a log."""

import asyncio

import pytest
from redis.asyncio import Redis

from sinks.base import SinkUnavailable, StoredContact
from sinks.keys import contact_key, position_key
from sinks.redis import RedisSink
from sinks.redis_call import Backoff
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
