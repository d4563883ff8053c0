"""Calls of scripts that begin together go out together, and each has its own answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from sinks.base import SinkUnavailable
from sinks.redis import RedisSink
from sinks.redis_call import JoinedCalls
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, at, living
from tests.contract.redis_server import RedisServer

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
