"""Nobody is sent to a process of the API while it has no answer for anybody."""

from redis.asyncio import Redis

from sinks.keys import position_key
from streams.services.api.readiness import why_unready
from tests.contract.api.desk import Desk, known
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling

AWAY = {
    "profiles_incomplete": ["/v1/contacts/ada", "/v1/contacts/ada/segments"],
    "results_incomplete": ["/v1/experiments", "/v1/experiments/x12", "/v1/experiments/unknown"],
    "segments_incomplete": ["/v1/segments", "/v1/segments/donors", "/v1/segments/donors/members"],
}
"""What is asked, by the code of the answer while Redis is away."""
ASKED = {"channel": "email", "purpose": "fundraising", "contacts": [{"contact_id": "ada"}]}


async def test_the_api_is_ready_while_it_answers_and_says_in_the_same_words_why_it_does_not(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    assert await why_unready(desk.deps) == "profiles_incomplete: contact-state:0 is missing"
    assert (await desk.post(ASKED)).status == 503
    await filling.all([known("ada")])
    assert await why_unready(desk.deps) is None
    assert (await desk.post(ASKED)).status == 200
    await redis_client.hdel(position_key(2), "whole_at")
    assert await why_unready(desk.deps) == "profiles_incomplete: contact-state:2 is refilling"
    assert (await desk.post(ASKED)).status == 503


async def test_the_api_is_not_ready_while_answers_cannot_be_written_down(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    desk.audit._most = 100
    assert (await desk.post(ASKED)).status == 200
    assert await why_unready(desk.deps) == "audit_unavailable: Kafka takes no records of audit-log"


async def test_while_redis_is_away_nothing_is_answered_from_it(redis_server: RedisServer, desk: Desk) -> None:
    redis_server.kill()
    try:
        assert await why_unready(desk.deps) == "profiles_incomplete: Redis does not answer"
        for code, paths in AWAY.items():
            answers = [await desk.get(path, "lister") for path in paths]
            assert [(each.status, each.json["code"]) for each in answers] == [(503, code)] * len(paths), code
    finally:
        redis_server.start()
