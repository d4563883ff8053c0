"""By what a segment chooses people, on a real Redis, where counts may come before the memberships that they count."""

import asyncio

from redis.asyncio import Redis

from sinks.segment_lookup import SegmentsReader
from sinks.segments import SegmentsSink
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.services.segment_meaning import read_meaning, settled_meaning
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import kept_whole
from tests.contract.whole_segments import fill_segments

RULES = channel_rules(default_policy())


async def test_what_was_told_of_members_until_all_were_judged_is_waited_for(
    redis_server: RedisServer, redis_client: Redis
) -> None:
    segments = SegmentsSink(client_of(redis_server.port), stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(segments, {"donors": ["ada"]}, age_ms=5_000)
    await segments.close()
    reader = SegmentsReader(redis_client, 300)
    seen = await read_meaning(reader, "donors", RULES)
    assert seen.is_complete
    assert seen.as_of < seen.seen_at
    settling = asyncio.create_task(settled_meaning(reader, "donors", RULES))
    with kept_whole(redis_server.port):
        settled = await settling
    assert settled.as_of >= seen.seen_at
    assert settled.is_complete
