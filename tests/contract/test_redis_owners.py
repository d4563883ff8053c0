"""What takes several calls, interrupted in the middle: by the server's end, or by another owner of the partition."""

import pytest
from redis.asyncio import Redis

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import ContactChange, Position, SinkUnavailable, StoredContact
from sinks.keys import contact_key
from sinks.redis import CALL_BYTES, RedisSink
from tests.contract.busy_sink import BusySink
from tests.contract.contact_sink import at, living
from tests.contract.profiles import read_profile
from tests.contract.redis_server import RedisServer
from tests.contract.two_topics import absorbed

LONG = [living(f"long-{n}", 1, b"x" * (CALL_BYTES // 2)) for n in range(3)]
"""A run that takes three calls."""


@pytest.mark.parametrize("before", [None, at(1)])
async def test_a_long_run_moves_the_position_with_its_last_call(
    sink: BusySink, redis_client: Redis, before: Position | None
) -> None:
    if before is not None:
        await sink.write(0, [living("ada", 1)], None, before)
    seen: list[object] = []

    async def look() -> None:
        seen.append(await sink.position(0))
        seen.append(await read_profile(redis_client, "long-0"))

    sink.meanwhile = look
    assert await sink.write(0, LONG, before, at(4))
    assert seen == [before, StoredContact(1, LONG[0].profile)]
    assert await sink.position(0) == at(4)
    assert [await read_profile(redis_client, change.contact_id) for change in LONG] == [
        StoredContact(1, change.profile) for change in LONG
    ]
    assert await sink.touch(0, at(4))


async def test_a_long_run_cut_off_in_the_middle_can_be_repeated(
    redis_server: RedisServer, sink: BusySink, redis_client: Redis
) -> None:
    async def kill() -> None:
        redis_server.kill()

    sink.meanwhile = kill
    try:
        with pytest.raises(SinkUnavailable):
            await sink.write(0, LONG, None, at(3))
    finally:
        redis_server.start()
    assert await sink.position(0) is None
    assert await sink.write(0, LONG, None, at(3))
    assert await read_profile(redis_client, "long-2") == StoredContact(1, LONG[2].profile)


@pytest.mark.parametrize("before", [None, at(1)])
async def test_a_long_run_stops_when_another_owner_clears_and_fills_to_the_same_place(
    sink: BusySink, other: RedisSink, redis_client: Redis, before: Position | None
) -> None:
    if before is not None:
        await sink.write(0, [living("ada", 1)], None, before)

    async def start_over() -> None:
        await other.clear(0, 1)
        if before is not None:
            await other.write(0, [living("ada", 1)], None, before)

    sink.meanwhile = start_over
    assert not await sink.write(0, LONG, before, at(4))
    assert await sink.position(0) == before
    assert await read_profile(redis_client, "long-0") is None
    assert await sink.write(0, LONG, before, at(4))
    assert await read_profile(redis_client, "long-0") == StoredContact(1, LONG[0].profile)


async def test_an_owner_that_wakes_in_the_middle_of_clearing_deletes_nothing_new(
    sink: BusySink, other: RedisSink, redis_client: Redis
) -> None:
    await sink.write(0, [living("ada", 1)], None, at(1))

    async def overtake() -> None:
        await other.clear(0, 1)
        assert await other.write(0, [living("ada", 1)], None, at(1))

    sink.meanwhile = overtake
    with pytest.raises(SinkUnavailable):
        await sink.clear(0, 1)
    assert await sink.position(0) == at(1)
    assert await read_profile(redis_client, "ada") == StoredContact(1, b"{}")


@pytest.mark.parametrize(
    ("topic", "change"), [(CONTACT_STATE, living("ada", 2)), (CONTACT_LINKS, absorbed("ada", 2, "bob"))]
)
async def test_an_owner_that_clears_once_more_is_stopped_by_the_first_batch_of_either_topic(
    sink: BusySink, other: RedisSink, redis_client: Redis, topic: str, change: ContactChange
) -> None:
    """Else it would take away what is there by a position that stays."""
    await other.clear(0, 1)
    await redis_client.hset(contact_key("ada"), "version", "1")
    view = other.reading(topic)

    async def fill_first() -> None:
        assert await view.write(0, [change], None, at(1))

    sink.meanwhile = fill_first
    with pytest.raises(SinkUnavailable):
        await sink.clear(0, 1)
    assert await view.position(0) == at(1)
    assert await read_profile(redis_client, "ada") == StoredContact(2, change.profile, change.merged_into)


async def test_of_two_owners_that_clear_at_once_one_finishes(
    sink: BusySink, other: RedisSink, redis_client: Redis
) -> None:
    await sink.write(0, [living("gone", 1)], None, at(1))

    async def also_clear() -> None:
        await other.clear(0, 1)

    sink.meanwhile = also_clear
    with pytest.raises(SinkUnavailable):
        await sink.clear(0, 1)
    assert await read_profile(redis_client, "gone") is None


async def test_a_flush_in_the_middle_of_clearing_starts_it_over(sink: BusySink, redis_client: Redis) -> None:
    await sink.write(0, [living("ada", 1)], None, at(1))
    sink.meanwhile = redis_client.flushall
    with pytest.raises(SinkUnavailable):
        await sink.clear(0, 1)
    await sink.clear(0, 1)
    assert await sink.write(0, [living("ada", 1)], None, at(1))


async def test_a_restart_in_the_middle_of_clearing_starts_it_over(redis_server: RedisServer, sink: BusySink) -> None:
    await sink.write(0, [living("ada", 1)], None, at(1))

    async def restart() -> None:
        redis_server.kill()
        redis_server.start()
        await sink._client.connection_pool.disconnect()

    sink.meanwhile = restart
    with pytest.raises(SinkUnavailable, match="restarted"):
        await sink.clear(0, 1)
    assert await sink.position(0) is None
    await sink.clear(0, 1)


async def test_clearing_that_fails_has_forgotten_the_position_first(
    redis_server: RedisServer, sink: BusySink, redis_client: Redis
) -> None:
    await sink.write(0, [living("ada", 1)], None, at(1))

    async def kill() -> None:
        redis_server.kill()

    sink.meanwhile = kill
    try:
        with pytest.raises(SinkUnavailable):
            await sink.clear(0, 1)
    finally:
        redis_server.start()
    assert await sink.position(0) is None
    assert await read_profile(redis_client, "ada") == StoredContact(1, b"{}")


async def test_clearing_finds_every_contact_among_many_other_keys(sink: RedisSink, redis_client: Redis) -> None:
    await redis_client.mset({f"reservation:{n}:email": "held" for n in range(3000)})
    names = [f"external:{n:032x}" for n in range(3000)]
    await sink.write(0, [living(name, 1) for name in names], None, at(len(names)))
    await sink.clear(0, 1)
    assert await redis_client.keys("contact:*") == []
    assert await redis_client.keys("identity:*") == []
    assert await redis_client.keys("sink:*") == []
    assert len(await redis_client.keys("reservation:*")) == 3000
