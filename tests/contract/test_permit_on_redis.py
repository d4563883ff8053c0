"""What is asked of people on a real Redis: permits, rolls, audiences, and short forms of their ids."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from redis import Redis
from typer.testing import CliRunner, Result

from events.identifiers import Hasher
from events.json_types import JSON
from events.outputs import ProvenanceItem
from events.segments import SegmentState
from events.times import render_time
from sinks.base import ContactChange
from sinks.holds import HoldsSink
from sinks.keys import identity_key, segment_definitions_key
from sinks.lookup import Lookup
from sinks.redis import RedisSink
from sinks.segments import SegmentsSink
from streams.cli.main import app
from streams.cli.person import look_up_person, meant_by
from streams.domain.pressure import PermissionRequest, default_policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.platform.settings import Settings
from streams.services.ad_audience import judging
from streams.services.audience import Audience, CsvRecord, open_audience, open_ids
from streams.services.audience_filter import filtering
from streams.services.audience_filter.chunk_filter import ChunkFilter, FilterJob, UndecidedChunk
from streams.services.audience_filter.filtering import OutputFiles, write_outcomes
from streams.services.permission.person_name import PersonName, parse_person
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling, kept_whole, mark_whole
from tests.contract.whole_segments import VOLUNTEERS, fill_segments

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


# What is asked of people on a real Redis: rolls, audiences, and short forms of their ids.
OTHERS = [f"p{number}" for number in range(4)]
VOTERS = ["v1", "v2"]
NEW = "new"
"""Of whom Redis has the membership, and no profile yet."""
ASKED = ("--channel", "door", "--purpose", "mobilisation", "--processes", "1", "--json")
NOON = "2012-03-01T12:00:00.000Z"
ROLL: ProvenanceItem = {
    "kind": "voter_list",
    "first_at": NOON,
    "last_at": NOON,
    "count": 1,
    "source": "roll",
    "id": "1",
    "addresses": [],
}
DENIED = {**dict.fromkeys(VOTERS, "known_by_roll_alone"), NEW: "unknown_contact"}
ON_THE_ROLL: JSON = [{"age_band": "65+"}]


@pytest.fixture
def server(redis_server: RedisServer) -> Iterator[RedisServer]:
    yield redis_server
    with Redis(port=redis_server.port) as client:
        client.flushall()


async def filled(server: RedisServer, state: SegmentState = "complete", conditions: JSON = VOLUNTEERS) -> None:
    """Seven people are in a segment, of whom two are known by a roll alone and one is unknown."""
    client = client_of(server.port)
    await client.flushall()
    sinks = RedisSink(client, stale_after=STALE_AFTER), HoldsSink(client)
    voters = [known(name, provenance=[ROLL]) for name in VOTERS]
    await Filling(*sinks).all([*map(known, OTHERS), *voters])
    segments = SegmentsSink(client, stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(segments, {"donors": [*OTHERS, *VOTERS, NEW]}, state=state, conditions=conditions)
    await segments.close()


def define(server: RedisServer, conditions: JSON) -> None:
    table: JSON = {"id": "donors", "owner": "field", "members": True, "all": conditions}
    with Redis(port=server.port) as client:
        client.hset(segment_definitions_key(0), "donors", orjson.dumps(table))


def export(server: RedisServer, denied: Path, regime: str = "eu") -> Result:
    env = {"REDIS_URL": f"redis://127.0.0.1:{server.port}/0", "KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    words = ["segments", "export", "donors", *ASKED, "--denied", str(denied)]
    with kept_whole(server.port):
        return CliRunner().invoke(app, words, env={**env, "COLUMNS": "200", "HARMONIA_REGIME": regime})


def left_out(server: RedisServer, denied: Path, regime: str = "eu") -> dict[str, str]:
    """Who is denied whatever the policy says, each for their reason; all others are judged, and everybody is counted.

    A policy allows whom nobody knows at the door.
    """
    ended = export(server, denied, regime)
    assert ended.exit_code == 0, ended.stderr
    [counts] = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    rows = [line.split(",") for line in denied.read_text().splitlines()]
    found = {row[0]: row[3] for row in rows if row[3] in ("known_by_roll_alone", "unknown_contact")}
    for reason in ("known_by_roll_alone", "unknown_contact"):
        assert counts["reasons"].get(f"deny:{reason}", 0) == [*found.values()].count(reason)
    assert (counts["rows"], counts["complete"]) == (len([*OTHERS, *VOTERS, NEW]), True)
    assert not [line for line in ended.stdout.splitlines() if line.split(",")[0] in found]
    return found


def test_whom_the_segment_may_not_choose_is_denied_and_counted_like_all_others(
    server: RedisServer, tmp_path: Path
) -> None:
    asyncio.run(filled(server))
    assert left_out(server, tmp_path / "eu.csv") == DENIED
    assert left_out(server, tmp_path / "us.csv", "us") == {}
    asyncio.run(filled(server, conditions=ON_THE_ROLL))
    assert left_out(server, tmp_path / "roll.csv") == {}


def test_complete_by_an_earlier_definition_is_not_judged_by_this_one(server: RedisServer, tmp_path: Path) -> None:
    """The definition comes to Redis before any worker has gone by it."""
    asyncio.run(filled(server))
    define(server, ON_THE_ROLL)
    assert left_out(server, tmp_path / "denied.csv") == DENIED


def test_while_a_segment_is_filling_its_members_may_be_there_by_an_earlier_definition(
    server: RedisServer, tmp_path: Path
) -> None:
    asyncio.run(filled(server, "filling"))
    define(server, ON_THE_ROLL)
    assert left_out(server, tmp_path / "denied.csv") == DENIED


def test_a_segment_that_refers_to_one_that_is_gone_is_refused_by_name(server: RedisServer, tmp_path: Path) -> None:
    asyncio.run(filled(server))
    define(server, [{"segment": "gone"}])
    ended = export(server, tmp_path / "denied.csv")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "donors: nobody can tell by what it chooses people: 'gone' is not defined" in ended.stderr


# Judging an audience for ads on a real Redis: as of when that is, while more is heard of people.
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


# Short words for people on the command line: whom they mean by what Redis holds, and what is said of it.
HELD = Settings(_env_file=None).hasher


@pytest.fixture
def settings(redis_server: RedisServer) -> Iterator[Settings]:
    redis_server.tell("FLUSHALL")
    yield Settings(_env_file=None, redis_url=f"redis://127.0.0.1:{redis_server.port}/0")
    redis_server.tell("FLUSHALL")


def hold(server: RedisServer, people: Mapping[str, str]) -> None:
    """Have people in Redis: by their long form, or as a contact_id, the id of their profile."""
    with Redis(port=server.port) as client:
        for word, contact_id in people.items():
            [name] = parse_person(word).ids(HELD)
            if name != contact_id:
                client.set(identity_key(name), contact_id)
            client.hset(f"contact:{contact_id}", "state", b"{}")


def meant(settings: Settings, word: str) -> PersonName:
    """What a word means, with what it stands for in hashes in place of how it was written."""
    found = meant_by(settings, word)
    return PersonName(found.kind, found.ids(HELD)[0])


@pytest.mark.parametrize(
    ("word", "held"),
    [
        ("van:17", "external:van:17"),
        ("oh:123", "voter:OH:123"),
        ("(212) 555-0142", "phone:2125550142"),
        ("2125550142", "phone:2125550142"),
    ],
)
def test_a_short_form_is_taken_for_what_is_known(
    redis_server: RedisServer, settings: Settings, word: str, held: str
) -> None:
    hold(redis_server, {held: "ada"})
    assert meant(settings, word) == meant(settings, held)


def test_what_a_short_form_was_taken_for_is_said(
    redis_server: RedisServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(redis_server, {"external:van:17": "ada", "van:18": "van:18"})
    for word in ("external:van:17", "van:18", "van:19"):
        meant_by(settings, word)
    assert capsys.readouterr().err == ""
    meant_by(settings, "van:17")
    assert capsys.readouterr().err == "understood as external:SYSTEM:ID\n"


def test_a_contact_id_comes_before_what_else_it_looks_like(redis_server: RedisServer, settings: Settings) -> None:
    hold(redis_server, {"van:17": "van:17", "external:van:17": "ada"})
    assert look_up_person(settings, "van:17").contact_id == "van:17"
    assert look_up_person(settings, "external:van:17").contact_id == "ada"


def test_a_word_by_which_two_people_are_known_chooses_neither(
    redis_server: RedisServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(redis_server, {"voter:OH:123": "ada", "external:oh:123": "bob"})
    with pytest.raises(typer.Exit) as ended:
        meant_by(settings, "OH:123")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err.strip() == (
        "several people are known by this word, as voter id or external id: say which, by voter:STATE:ID or "
        "external:SYSTEM:ID"
    )


def test_a_word_by_which_nobody_is_known_is_a_contact_id(settings: Settings) -> None:
    assert meant_by(settings, "van:17").kind is None
    assert meant_by(settings, "(212) 555-0142").kind == "phone"
