"""What may be sent, asked of a real Redis."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from redis import Redis

from events.identifiers import Hasher
from events.times import render_time
from sinks.base import ContactChange
from sinks.holds import HoldsSink
from sinks.lookup import Lookup
from sinks.redis import RedisSink
from streams.domain.pressure import PermissionRequest, default_policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.platform.settings import Settings
from streams.services.ad_audience import judging
from streams.services.audience import Audience, CsvRecord, open_audience, open_ids
from streams.services.audience_filter import filtering
from streams.services.audience_filter.chunk_filter import ChunkFilter, FilterJob, UndecidedChunk
from streams.services.audience_filter.filtering import OutputFiles, write_outcomes
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling, mark_whole

AFTERNOON = 1_329_937_200_000
CHUNK = 10
REQUEST = PermissionRequest(channel="email", purpose="fundraising", team="digital")


@pytest.fixture
def whole(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """Nobody is known, and nothing is missing; chunks are short."""
    monkeypatch.setattr(filtering, "CHUNK", CHUNK)
    monkeypatch.setattr(filtering, "ALONE", 2 * CHUNK)
    redis_server.tell("FLUSHALL")
    asyncio.run(fill(redis_server))
    return redis_server


async def fill(server: RedisServer, *people: ContactChange) -> None:
    sink, holds = RedisSink(client_of(server.port), stale_after=STALE_AFTER), HoldsSink(client_of(server.port))
    await Filling(sink, holds).all(people)
    await sink.close()
    await holds.close()


def audience_of(people: int) -> Audience:
    rows = b"".join(b"p%d@example.org\n" % number for number in range(people))
    audience = open_audience(BytesIO(b"email\n" + rows))
    assert isinstance(audience, Audience)
    return audience


def job_of(server: RedisServer, audience: Audience) -> FilterJob:
    settings = Settings(_env_file=None, redis_url=f"redis://127.0.0.1:{server.port}/0")
    return FilterJob(settings, default_policy(), audience.header, REQUEST, AFTERNOON)


def flushed_after(audience: Audience, rows: int, server: RedisServer) -> Iterator[CsvRecord]:
    """Its records; Redis is flushed when so many have been read."""
    for number, record in enumerate(audience.records()):
        if number == rows:
            server.tell("FLUSHALL")
        yield record


def test_a_clerk_says_beforehand_that_nothing_can_be_said(whole: RedisServer) -> None:
    audience = audience_of(1)
    clerk = ChunkFilter(job_of(whole, audience))
    assert clerk.look() is None
    whole.tell("FLUSHALL")
    found = clerk.look()
    assert found is not None
    assert found.why.startswith("profiles_incomplete: contact-state:0 is missing; ")
    clerk.close()


def test_a_redis_that_is_away_allows_nobody_and_says_where_it_was_looked_for() -> None:
    audience = audience_of(1)
    settings = Settings(_env_file=None, redis_url="redis://127.0.0.1:1/0")
    clerk = ChunkFilter(FilterJob(settings, default_policy(), audience.header, REQUEST, AFTERNOON))
    found = clerk.judge([*audience.records()])
    tried = "Tried 127.0.0.1:1, as REDIS_URL says"
    assert found == UndecidedChunk(f"redis: ConnectionError; is REDIS_URL right and the server up? {tried}")
    clerk.close()


@pytest.mark.parametrize("processes", [1, 2])
def test_everybody_is_judged_in_order_by_any_number_of_processes(whole: RedisServer, processes: int) -> None:
    audience, allowed = audience_of(5 * CHUNK + 1), BytesIO()
    outcomes = filtering.judged_chunks(audience.records(), job_of(whole, audience), processes)
    summary = write_outcomes(outcomes, OutputFiles(audience, allowed, None), lambda *_: None)
    assert (summary.rows, summary.count("allow"), summary.stopped) == (5 * CHUNK + 1, 5 * CHUNK + 1, None)
    rows = allowed.getvalue().splitlines()[1:]
    assert [row.partition(b"@")[0] for row in rows] == [b"p%d" % number for number in range(5 * CHUNK + 1)]


def test_a_list_says_of_whom_a_notice_is_due_where_the_policy_asks_for_notices(redis_server: RedisServer) -> None:
    at = render_time(AFTERNOON - 86_400_000)
    got = {"kind": "rented", "first_at": at, "last_at": at, "count": 1, "addresses": [], "source": "lists/a", "id": "1"}
    redis_server.tell("FLUSHALL")
    asyncio.run(fill(redis_server, known("ada", provenance=[got]), known("bob")))
    audience = open_audience(BytesIO(b"contact_id\nada\nbob\n"))
    assert isinstance(audience, Audience)
    conditions = (PolicyCondition(channel="email", require="notice"),)
    job = replace(job_of(redis_server, audience), policy=default_policy().model_copy(update={"conditions": conditions}))
    allowed = BytesIO()
    outcomes = filtering.judged_chunks(audience.records(), job, processes=1)
    write_outcomes(outcomes, OutputFiles(audience, allowed, None, tells_notices=job.tells_notices), lambda *_: None)
    told = [(row[0], row[-1]) for row in (line.split(b",") for line in allowed.getvalue().splitlines())]
    assert told == [(b"contact_id", b"harmonia_notice_due"), (b"ada", b"true"), (b"bob", b"false")]


def test_a_flush_in_the_middle_ends_it_before_the_next_row_is_written(whole: RedisServer) -> None:
    audience, allowed = audience_of(20 * CHUNK), BytesIO()
    records = flushed_after(audience, 4 * CHUNK, whole)
    outcomes = filtering.judged_chunks(records, job_of(whole, audience), processes=1)
    summary = write_outcomes(outcomes, OutputFiles(audience, allowed, None), lambda *_: None)
    assert summary.stopped is not None
    assert summary.stopped.startswith("profiles_incomplete: ")
    assert (summary.rows, len(allowed.getvalue().splitlines()) - 1) == (4 * CHUNK, 4 * CHUNK)


def test_a_flush_ends_a_crew_too_and_what_was_written_is_a_beginning(whole: RedisServer) -> None:
    """How far they are by then is up to them."""
    audience, allowed = audience_of(40 * CHUNK), BytesIO()
    records = flushed_after(audience, 20 * CHUNK, whole)
    outcomes = filtering.judged_chunks(records, job_of(whole, audience), processes=2)
    summary = write_outcomes(outcomes, OutputFiles(audience, allowed, None), lambda *_: None)
    outcomes.close()
    assert summary.stopped is not None
    rows = [row.partition(b"@")[0] for row in allowed.getvalue().splitlines()[1:]]
    assert rows == [b"p%d" % number for number in range(summary.rows)]
    assert summary.rows < 40 * CHUNK


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
