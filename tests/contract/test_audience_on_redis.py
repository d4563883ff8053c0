"""Judging an audience for ads on a real Redis: as of when that is, while more is heard of people."""

from io import BytesIO
from typing import Any

import pytest
from redis import Redis

from events.identifiers import Hasher
from sinks.holds import HoldsSink
from sinks.lookup import Lookup
from sinks.redis import RedisSink
from streams.services.ad_audience import judging
from streams.services.audience import Audience, open_ids
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling, mark_whole

PEOPLE = ["ada", "bob", "cyd"]


class GrowingRedis(BytesIO):
    """The rows that are admitted; Redis has more with each of them, as under a worker that goes on."""

    def __init__(self, client: Redis) -> None:
        super().__init__()
        self._client = client
        self.moments: list[int] = []

    def write(self, row: Any) -> int:
        self.moments.append(mark_whole(self._client))
        return super().write(row)


async def test_an_audience_is_as_of_when_the_first_of_it_were_judged(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "ROWS_AT_ONCE", 1)
    client = client_of(redis_server.port)
    await client.flushall()
    await Filling(RedisSink(client, stale_after=STALE_AFTER), HoldsSink(client)).all([*map(known, PEOPLE)])
    people = open_ids(BytesIO("\n".join(["contact_id", *PEOPLE]).encode()))
    assert isinstance(people, Audience)
    hasher = Hasher([b"a key"])
    with Redis(port=redis_server.port) as renewed:
        out = GrowingRedis(renewed)
        judge = judging.GateJudge(Lookup(client, 300), hasher, None, 0)
        counts = await judge.keep_admitted(people, out)
    await client.aclose()
    header, _, second, _ = out.moments
    assert (counts.rows, counts.refused) == (3, 0)
    assert counts.as_of == header < second
