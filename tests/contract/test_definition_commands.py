"""`harmonia experiments` and `harmonia segments` on a real broker and Redis."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import parse  # nosec B405 # of what the command has just drawn

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from events.experiment_results import ExperimentResult
from events.topics import CONTACT_SEGMENTS
from sinks.holds import HoldsSink
from sinks.keys import kept_members_key, position_key
from sinks.redis import RedisSink
from sinks.results import ResultsSink
from sinks.segments import SegmentsSink
from streams.cli.main import app
from streams.domain.pressure.policy_files import default_policy_text
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, erased
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling
from tests.contract.whole_results import fill
from tests.contract.whole_segments import fill_segments
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched

RESULTS: list[ExperimentResult] = [CONTRACTS, watched(gotv()), doors()]


@pytest.fixture
def url(redis_server: RedisServer) -> Iterator[str]:
    """Of a Redis that holds some results and nothing else."""
    asyncio.run(filled(redis_server))
    yield f"redis://127.0.0.1:{redis_server.port}/0"
    with Redis(port=redis_server.port) as client:
        client.flushall()


async def filled(server: RedisServer) -> None:
    client = client_of(server.port)
    await client.flushall()
    sink = ResultsSink(client, stale_after=STALE_AFTER)
    await fill(sink, *RESULTS)
    await sink.close()


def run(url: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["experiments", *words], env={"REDIS_URL": url, "COLUMNS": "80"})


def test_all_experiments_are_listed_with_their_findings(url: str) -> None:
    ended = run(url, "list")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "doors-phx           recounting  5,200 people   5 warnings   2026-02-05 02:11 UTC",
        "    split BROKEN, trust nothing of it: voted against nothing: knock +2.96 pp,",
        "        provisional",
        "gotv-subject-lines  running     24,013 people  1 warning    2026-02-11 17:30 UTC",
        "    guardrail BREACHED, stop sending from a neighbour: donated against control:",
        "        deadline +1.07 pp, better, holds beside all other experiments (a",
        "        discovery); from a neighbour +0.13 pp, not yet known",
        "x12                 running     1,000 people   no warnings  2026-02-03 18:00 UTC",
        "    nothing to compare yet",
    ]


def test_the_list_for_programs_is_that_of_the_api_and_of_one_status(url: str) -> None:
    found = json.loads(run(url, "list", "--json").stdout)["experiments"]
    running = json.loads(run(url, "list", "--json", "--status", "running").stdout)["experiments"]

    assert [each["experiment"] for each in found] == ["doors-phx", "gotv-subject-lines", "x12"]
    assert running == found[1:]
    assert run(url, "list", "--status", "ended").stdout == "no experiment is ended\n"


def test_one_experiment_is_shown_as_text_and_as_json(url: str) -> None:
    shown, told = run(url, "show", "gotv-subject-lines"), run(url, "show", "gotv-subject-lines", "--json")

    assert shown.stdout.startswith("! GUARDRAIL BREACHED")
    assert "deadline             391  4.90 %  +1.07 pp (+0.21 to +1.93)  better *" in shown.stdout
    assert json.loads(told.stdout) == RESULTS[1]
    assert (shown.stderr, told.stderr) == ("", "")


def test_an_experiment_is_drawn_into_a_file(url: str, tmp_path: Path) -> None:
    file = tmp_path / "interval.svg"

    ended = run(url, "show", "gotv-subject-lines", "--json", "--plot", str(file))

    assert (ended.exit_code, ended.stderr) == (0, f"drawn into {file}\n")
    assert json.loads(ended.stdout) == RESULTS[1]
    assert parse(file).getroot().tag.endswith("svg")  # nosec B314 # drawn here


def test_a_plot_goes_to_a_name_that_ends_in_svg_only_and_one_that_cannot_be_written_hides_no_result(
    url: str, tmp_path: Path
) -> None:
    file, nowhere = tmp_path / "people.csv", tmp_path / "no" / "such.svg"
    file.write_text("contact_id\n")
    other = run(url, "show", "gotv-subject-lines", "--plot", str(file))
    assert (other.exit_code, other.stdout, file.read_text()) == (2, "", "contact_id\n")
    assert other.stderr == f"--plot: {file}: give a name that ends in .svg, which is what is drawn\n"
    picture = file.with_suffix(".SVG")
    assert run(url, "show", "gotv-subject-lines", "--plot", str(picture)).exit_code == 0
    assert "<svg" in picture.read_text()

    unwritten = run(url, "show", "gotv-subject-lines", "--plot", str(nowhere))
    assert (unwritten.exit_code, unwritten.stdout) == (1, run(url, "show", "gotv-subject-lines").stdout)
    assert unwritten.stderr == f"--plot: {nowhere}: No such file or directory; give a file that may be written\n"


def test_without_a_history_the_table_is_shown_and_no_file_written(url: str, tmp_path: Path) -> None:
    file = tmp_path / "new.svg"

    ended = run(url, "show", "x12", "--plot", str(file))

    assert (ended.exit_code, ended.stdout) == (0, run(url, "show", "x12").stdout)
    assert ended.stderr == "--plot: there is no history to draw yet: nothing was compared so far\n"
    assert not file.exists()


def test_one_that_has_no_result_is_refused_with_the_reason(url: str) -> None:
    ended = run(url, "show", "unknown")

    reason = "unknown: no result of this experiment: `harmonia experiments list` names those that have one\n"
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", reason)
    near = run(url, "show", "gotv-subject-line")
    assert (near.exit_code, near.stderr.endswith("have one; did you mean gotv-subject-lines?\n")) == (1, True)


def test_of_a_redis_that_lacks_something_it_shows_what_is_there_and_says_so(
    url: str, redis_server: RedisServer
) -> None:
    with Redis(port=redis_server.port) as client:
        client.delete(position_key(1, "experiment-results"))

    listed, unknown = run(url, "list"), run(url, "show", "unknown")

    why = "in Redis experiment-results:1 is missing"
    assert (listed.exit_code, listed.stderr) == (
        0,
        f"this may be old or lack something: {why}; see `harmonia status`\n",
    )
    assert "x12" in listed.stdout
    assert unknown.stderr.startswith(f"unknown: no result of this experiment, and {why}: ")


PEOPLE = [f"p{number}" for number in range(12)]
ASKED = ("--channel", "email", "--purpose", "informational", "--processes", "1")


@pytest.fixture
def segments_url(redis_server: RedisServer) -> Iterator[str]:
    """Of a Redis that lacks nothing: twelve people are in a segment, of whom one was erased just now."""
    asyncio.run(filled_with_segments(redis_server))
    yield f"redis://127.0.0.1:{redis_server.port}/0"
    with Redis(port=redis_server.port) as client:
        client.flushall()


async def filled_with_segments(server: RedisServer) -> None:
    client = client_of(server.port)
    await client.flushall()
    sinks = RedisSink(client, stale_after=STALE_AFTER), HoldsSink(client)
    await Filling(*sinks).all([*(known(name) for name in PEOPLE[:-1]), erased(PEOPLE[-1], 1)])
    segments = SegmentsSink(client, stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(segments, {"donors": PEOPLE, "readers": PEOPLE}, without_list=["readers"])
    await segments.close()


def run_any(segments_url: str, *words: str, **variables: str) -> Result:
    env = {"REDIS_URL": segments_url, "KAFKA_BOOTSTRAP": "127.0.0.1:1", "COLUMNS": "200"}
    return CliRunner().invoke(app, [*words], env=env | variables)


def at_any_hour(policy: str) -> str:
    """A policy that allows e-mail at night too, for it is night somewhere whenever the tests run."""
    hours = '[hours.email]\ndaily = "{}"\n'
    assert hours.format("06:00-22:00") in policy
    return policy.replace(hours.format("06:00-22:00"), hours.format("00:00-24:00"))


def test_whoever_of_a_segment_may_be_reached_is_exported_and_the_others_are_counted_by_reason(
    segments_url: str, tmp_path: Path
) -> None:
    denied, policy = tmp_path / "denied.csv", tmp_path / "policy.toml"
    policy.write_text(at_any_hour(default_policy_text()))
    done = run_any(
        segments_url,
        "segments",
        "export",
        "donors",
        *ASKED,
        "--denied",
        str(denied),
        "--json",
        HARMONIA_POLICY=str(policy),
    )
    header, *rows = done.stdout.splitlines()
    assert done.exit_code == 0, done.stderr
    assert header == "contact_id,member_since,harmonia_expires_at,harmonia_policy_version"
    assert {row.split(",")[0] for row in rows} == {*PEOPLE[:-1]}
    [counts] = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert (counts["rows"], counts["allowed"], counts["complete"]) == (12, 11, True)
    assert [reason for reason in counts["reasons"] if reason.startswith("deny")] == ["deny:erased"]
    assert denied.read_text().splitlines()[1].startswith("p11,")


def test_an_export_does_not_warn_of_the_column_that_it_has_written_itself(segments_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(at_any_hour(default_policy_text()))
    done = run_any(segments_url, "segments", "export", "donors", *ASKED, HARMONIA_POLICY=str(policy))
    assert done.exit_code == 0, done.stderr
    assert "11 of 12 allowed" in done.stderr
    assert "member_since" not in done.stderr


def test_members_of_a_segment_are_assigned_in_place_of_a_list(segments_url: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('[[experiment]]\nid = "x"\nowner = "digital"\nvariants = { a = 1, b = 1 }\n')
    done = run_any(segments_url, "assign", "x", "--segment", "donors", "--definition", str(file), "--json")
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
    segments_url: str, words: tuple[str, ...], segment: str, told: str
) -> None:
    command, *options = words
    done = run_any(segments_url, "segments", command, segment, *options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("full", "donors: beyond 20 million members of all segments the largest are not kept"),
        ("gathering", "donors: its members are still gathered; does a worker run?"),
    ],
)
def test_a_list_that_is_not_whole_is_refused(
    segments_url: str, redis_server: RedisServer, state: str, told: str
) -> None:
    with Redis(port=redis_server.port) as client:
        client.hset(kept_members_key(2), "donors", state)
    done = run_any(segments_url, "segments", "export", "donors", *ASKED)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


def test_from_a_redis_that_lacks_memberships_nobody_is_exported(segments_url: str, redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        client.delete(position_key(1, CONTACT_SEGMENTS))
    done = run_any(segments_url, "segments", "export", "donors", *ASKED)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "segments_incomplete: in Redis contact-segments:1 is missing" in done.stderr


def test_members_are_not_shown_where_that_cannot_be_written_down(segments_url: str) -> None:
    done = run_any(segments_url, "segments", "members", "donors")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing is shown, since who looks at members has to be in audit-log: Kafka" in done.stderr


def test_a_redis_that_is_away_says_which_one_was_tried(segments_url: str) -> None:
    done = run_any("redis://127.0.0.1:1/0", "segments", "export", "donors", *ASKED)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "redis: ConnectionError" in done.stderr
