"""`harmonia segments export` and `assign --segment` on a real Redis: members of a segment, and the contact policy."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from events.topics import CONTACT_SEGMENTS
from sinks.holds import HoldsSink
from sinks.keys import kept_members_key, position_key
from sinks.redis import RedisSink
from sinks.segments import SegmentsSink
from streams.cli.main import app
from streams.domain.pressure.policy_files import default_policy_text
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, erased
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling
from tests.contract.whole_segments import fill_segments

PEOPLE = [f"p{number}" for number in range(12)]
ASKED = ("--channel", "email", "--purpose", "informational", "--processes", "1")


@pytest.fixture
def url(redis_server: RedisServer) -> Iterator[str]:
    """Of a Redis that lacks nothing: twelve people are in a segment, of whom one was erased just now."""
    asyncio.run(filled(redis_server))
    yield f"redis://127.0.0.1:{redis_server.port}/0"
    with Redis(port=redis_server.port) as client:
        client.flushall()


async def filled(server: RedisServer) -> None:
    client = client_of(server.port)
    await client.flushall()
    sinks = RedisSink(client, stale_after=STALE_AFTER), HoldsSink(client)
    await Filling(*sinks).all([*(known(name) for name in PEOPLE[:-1]), erased(PEOPLE[-1], 1)])
    segments = SegmentsSink(client, stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(segments, {"donors": PEOPLE, "readers": PEOPLE}, without_list=["readers"])
    await segments.close()


def run(url: str, *words: str, **variables: str) -> Result:
    env = {"REDIS_URL": url, "KAFKA_BOOTSTRAP": "127.0.0.1:1", "COLUMNS": "200"}
    return CliRunner().invoke(app, [*words], env=env | variables)


def at_any_hour(policy: str) -> str:
    """A policy that allows e-mail at night too, for it is night somewhere whenever the tests run."""
    hours = '[hours.email]\ndaily = "{}"\n'
    assert hours.format("06:00-22:00") in policy
    return policy.replace(hours.format("06:00-22:00"), hours.format("00:00-24:00"))


def test_whoever_of_a_segment_may_be_reached_is_exported_and_the_others_are_counted_by_reason(
    url: str, tmp_path: Path
) -> None:
    denied, policy = tmp_path / "denied.csv", tmp_path / "policy.toml"
    policy.write_text(at_any_hour(default_policy_text()))
    done = run(
        url, "segments", "export", "donors", *ASKED, "--denied", str(denied), "--json", HARMONIA_POLICY=str(policy)
    )
    header, *rows = done.stdout.splitlines()
    assert done.exit_code == 0, done.stderr
    assert header == "contact_id,member_since,harmonia_expires_at,harmonia_policy_version"
    assert {row.split(",")[0] for row in rows} == {*PEOPLE[:-1]}
    [counts] = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert (counts["rows"], counts["allowed"], counts["complete"]) == (12, 11, True)
    assert [reason for reason in counts["reasons"] if reason.startswith("deny")] == ["deny:erased"]
    assert denied.read_text().splitlines()[1].startswith("p11,")


def test_an_export_does_not_warn_of_the_column_that_it_has_written_itself(url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(at_any_hour(default_policy_text()))
    done = run(url, "segments", "export", "donors", *ASKED, HARMONIA_POLICY=str(policy))
    assert done.exit_code == 0, done.stderr
    assert "11 of 12 allowed" in done.stderr
    assert "member_since" not in done.stderr


def test_members_of_a_segment_are_assigned_in_place_of_a_list(url: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('[[experiment]]\nid = "x"\nowner = "digital"\nvariants = { a = 1, b = 1 }\n')
    done = run(url, "assign", "x", "--segment", "donors", "--definition", str(file), "--json")
    assert done.exit_code == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header == "contact_id,member_since,variant"
    assert {row.split(",")[0] for row in rows} == {*PEOPLE}
    assert {row.split(",")[2] for row in rows} == {"a", "b"}


@pytest.mark.parametrize("words", [("export", *ASKED), ("members",)])
@pytest.mark.parametrize(
    ("segment", "told"),
    [
        ("doners", "doners: no such segment; did you mean donors?; see `harmonia segments list`"),
        ("readers", "readers: no list of its members is kept; define it with members = true"),
    ],
)
def test_a_segment_without_a_list_is_refused_with_the_cure(
    url: str, words: tuple[str, ...], segment: str, told: str
) -> None:
    command, *options = words
    done = run(url, "segments", command, segment, *options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("full", "donors: beyond 20 million members of all segments the largest are not kept"),
        ("gathering", "donors: its members are still gathered; does a worker run?"),
    ],
)
def test_a_list_that_is_not_whole_is_refused(url: str, redis_server: RedisServer, state: str, told: str) -> None:
    with Redis(port=redis_server.port) as client:
        client.hset(kept_members_key(2), "donors", state)
    done = run(url, "segments", "export", "donors", *ASKED)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


def test_from_a_redis_that_lacks_memberships_nobody_is_exported(url: str, redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        client.delete(position_key(1, CONTACT_SEGMENTS))
    done = run(url, "segments", "export", "donors", *ASKED)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "segments_incomplete: in Redis contact-segments:1 is missing" in done.stderr


def test_members_are_not_shown_where_that_cannot_be_written_down(url: str) -> None:
    done = run(url, "segments", "members", "donors")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing is shown, since who looks at members has to be in audit-log: Kafka" in done.stderr


def test_a_redis_that_is_away_says_which_one_was_tried(url: str) -> None:
    done = run("redis://127.0.0.1:1/0", "segments", "export", "donors", *ASKED)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "redis: ConnectionError" in done.stderr
