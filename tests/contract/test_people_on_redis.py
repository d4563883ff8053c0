"""Selections of people, and short forms of their profiles, on a real Redis."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import pytest
import typer
from redis import Redis
from typer.testing import CliRunner, Result

from events.json_types import JSON
from events.outputs import ProvenanceItem
from events.segments import SegmentState
from sinks.holds import HoldsSink
from sinks.keys import identity_key, segment_definitions_key
from sinks.redis import RedisSink
from sinks.segments import SegmentsSink
from streams.cli.main import app
from streams.cli.person import look_up_person, meant_by
from streams.platform.settings import Settings
from streams.services.permission.person_name import PersonName, parse_person
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling, kept_whole
from tests.contract.whole_segments import VOLUNTEERS, fill_segments

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
