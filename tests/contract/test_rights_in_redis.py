"""Segments and reservations are written and read with the rights of deploy/acl/redis.acl, and no others."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from events.topics import SEGMENT_DEFINITIONS
from sinks.base import Position
from sinks.reservations import Reservation, ReservationGranted, ReservationRequest, Reservations
from sinks.segment_lookup import START, SegmentsReader
from sinks.segments import SegmentsSink
from tests.contract.contact_sink import STALE_AFTER, TOPIC
from tests.contract.redis_server import RedisServer
from tests.contract.whole_segments import PARTITIONS, definition, fill_segments

ACL = Path(__file__).parents[2] / "deploy" / "acl" / "redis.acl"
USERS = ("harmonia-worker", "harmonia-api", "harmonia-console")


@pytest.fixture
async def client_as(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Callable[[str], Redis]]:
    """Clients that may do what a part of Harmonia may."""
    async with AsyncExitStack() as closing:
        clients: dict[str, Redis] = {}
        for user in USERS:
            [rights] = [line.split()[2:] for line in ACL.read_text().splitlines() if line.startswith(f"user {user} ")]
            await redis_client.execute_command("ACL", "SETUSER", user, *rights, ">secret")  # type: ignore[no-untyped-call]
            client = Redis(host="127.0.0.1", port=redis_server.port, username=user, password="secret")
            clients[user] = await closing.enter_async_context(client)
        yield clients.__getitem__


async def test_a_worker_writes_gathers_and_clears_segments_with_its_rights(
    client_as: Callable[[str], Redis],
) -> None:
    sink = SegmentsSink(client_as("harmonia-worker"), stale_after=STALE_AFTER, most_pairs=2)
    await fill_segments(sink, {"donors": ["ada", "bob"], "large": [f"p{n}" for n in range(40)]})
    view = sink.reading(SEGMENT_DEFINITIONS)
    for partition in range(PARTITIONS):
        change = definition("donors", members=False)
        assert await view.write(partition, [change], Position(TOPIC, 1), Position(TOPIC, 2))
        assert await view.write(partition, [definition("donors")], Position(TOPIC, 2), Position(TOPIC, 3))
        await sink.clear(partition, PARTITIONS)
        assert await sink.position(partition) is None


@pytest.mark.parametrize("user", USERS[1:])
async def test_who_answers_reads_segments_and_may_write_none(client_as: Callable[[str], Redis], user: str) -> None:
    await fill_segments(
        SegmentsSink(client_as("harmonia-worker"), stale_after=STALE_AFTER, most_pairs=100), {"donors": ["ada", "bob"]}
    )
    client = client_as(user)
    reader = SegmentsReader(client, 15.0)
    assert getattr(await reader.all(), "definitions", {}).keys() == {"donors"}
    assert getattr(await reader.all("donors"), "kept", None) == {"donors": ["kept"] * PARTITIONS}
    first = await reader.members("donors", START, 1)
    [member] = getattr(first, "members", [None])
    assert member is not None
    assert len(getattr(await reader.members("donors", member, 5), "members", ())) == 1
    assert getattr(await reader.of("ada"), "value", None)
    with pytest.raises(NoPermissionError):
        await client.set("segments:0", "x")


@pytest.mark.parametrize("user", USERS[1:])
async def test_who_reserves_a_list_may_give_it_back(client_as: Callable[[str], Redis], user: str) -> None:
    reservations = Reservations(client_as(user))
    mine = Reservation("digital", "t", 1_700_000_000_000, 1_700_000_060_000, "a1")
    granted, _ = await reservations.reserve("email", mine, [ReservationRequest("ada"), ReservationRequest("bob")])
    assert isinstance(granted, ReservationGranted)
    await reservations.release("email", "t", [("ada", granted)])
    assert await reservations.count_list("a1") == 1
    assert await reservations.release_list("a1") == 1
