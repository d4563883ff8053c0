"""`harmonia segments export` under the regime `eu` on a real Redis: who is known by an electoral roll alone."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from events.json_types import JSON
from events.outputs import ProvenanceItem
from events.segments import SegmentState
from sinks.holds import HoldsSink
from sinks.keys import segment_definitions_key
from sinks.redis import RedisSink
from sinks.segments import SegmentsSink
from streams.cli.main import app
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
