"""Whose requests become counts in a worker: those of people who are erased in a Redis that lacks nothing."""

import time
from datetime import date

from msgspec.structs import replace
from redis.asyncio import Redis

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.lookup import Lookup
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.worker.rights_monitor import erased_since
from tests.contract.contact_sink import erased, living
from tests.contract.whole_redis import Filling

CYD = RightsRequest("aa" * 10, "access", "cyd", date(2026, 1, 31), date(2026, 2, 28), ())
BO = RightsRequest("bb" * 10, "erasure", "bo", date(2026, 1, 31), date(2026, 2, 28), ())
NOBODY = RightsRequest("cc" * 10, "objection", None, date(2026, 1, 31), date(2026, 2, 28), ())
DESK = RightsDesk({one.id: one for one in (CYD, BO, NOBODY)}, {})


async def test_an_open_request_stays_while_redis_is_filled_and_goes_once_it_is_complete(
    redis_client: Redis, filling: Filling
) -> None:
    """What is filled in may be an erasure from before the person came back."""
    lookup = Lookup(redis_client, 15.0)
    assert await erased_since(lookup, DESK) == []
    await filling.write(CONTACT_STATE, [erased("cyd", 1), living("bo", 1)])
    await filling.write(CONTACT_LINKS)
    assert await erased_since(lookup, DESK) == []
    for topic in (CONTACT_STATE, CONTACT_LINKS):
        await filling.tell(topic)
    await filling.hold({})
    assert await erased_since(lookup, DESK) == [CYD]


async def test_who_is_erased_in_a_redis_as_of_before_they_asked_keeps_their_request(
    redis_client: Redis, filling: Filling
) -> None:
    await filling.all([erased("cyd", 1)])
    later = replace(CYD, opened=time.time_ns() // 1_000_000 + 3_600_000)
    assert await erased_since(Lookup(redis_client, 15.0), RightsDesk({later.id: later}, {})) == []


async def test_without_requests_redis_is_not_asked(redis_client: Redis, filling: Filling) -> None:
    await filling.all([erased("cyd", 1)])
    before = (await redis_client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0)
    assert await erased_since(Lookup(redis_client, 15.0), RightsDesk({NOBODY.id: NOBODY}, {})) == []
    assert (await redis_client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0) == before
