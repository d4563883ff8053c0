"""Benchmarks: their command, their jobs and their peers."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import orjson
import psutil
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

import benchmarks.__main__ as command
from benchmarks.history.inventing import invent_day
from benchmarks.peers.events import generate
from benchmarks.peers.known import EXACTLY_ONCE, OURS, STOCK_FAUST, TUNED, TUNED_CACHE_MIB, TUNED_COMMIT_MS, known_peers
from benchmarks.peers.ratios import Round, section
from benchmarks.peers.running import Measured, PeerFailed, measure
from benchmarks.processes import Meter, Usage
from benchmarks.results import Figure, Section, read_results, write_results
from benchmarks.suites import BenchmarkFailed, Orders
from events.refusal import Refusal
from sinks.lake.files import LocalFiles
from sinks.lake.parquet import read_parquet
from sinks.lake.rows import tables_of
from sinks.lake.schema import INTERACTIONS_SCHEMA
from streams.domain.contact import read_fact
from tests.unit.engine.kafka_records import Fetched


def fails(_: Orders) -> Section:
    raise BenchmarkFailed("the broker is gone")


def gives(_: Orders) -> Section:
    return Section("Fold", (Figure("ours", "CPU", "µs", (3.0,)),))


def test_a_suite_that_fails_costs_no_figures_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr(command, "BARE", {"desk": fails, "core": gives})
    app = typer.Typer()
    app.command()(command.main)
    ran = CliRunner().invoke(app, ["--suite", "desk", "--suite", "core"])
    assert ran.exit_code == 1
    assert "desk: BenchmarkFailed: the broker is gone\n" in ran.stderr
    assert ran.stderr.endswith("no figures of desk\n")
    [kept] = json.loads((tmp_path / "part.json").read_text())["sections"]
    assert kept["title"] == "Fold"


def test_what_is_measured_again_is_put_among_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr(command, "BARE", {"core": gives})
    older = [Section(title, (Figure("ours", "CPU", "µs", (5.0,)),)) for title in ("Fold", "Links")]
    write_results(older, tmp_path / "load.json")
    app = typer.Typer()
    app.command()(command.main)
    assert CliRunner().invoke(app, ["--suite", "core", "--into", "load"]).exit_code == 0
    fold, links = read_results(tmp_path / "load.json")
    assert (fold.title, fold.figures[0].values) == ("Fold", (3.0,))
    assert fold.measured is not None
    assert links == older[1]
    assert "| ours: CPU |     3.00 |" in (tmp_path / "load.md").read_text()


def test_figures_are_kept_nowhere_else_than_among_results() -> None:
    app = typer.Typer()
    app.command()(command.main)
    ran = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["--suite", "core", "--into", "../load"])
    assert ran.exit_code == 2
    assert "--into: give a name such as load, of a file in benchmarks/results" in ran.stderr


def test_the_same_seed_gives_the_same_events_of_a_realistic_size() -> None:
    events = list(generate(2000, seed=1, contacts=50))
    assert events == list(generate(2000, seed=1, contacts=50))
    assert events != list(generate(2000, seed=2, contacts=50))
    assert all(200 <= len(value) <= 300 for _, value in events)
    assert len({key for key, _ in events}) == 50
    by_id = defaultdict(list)
    for key, value in events:
        event = orjson.loads(value)
        assert event["contact_id"] == key.decode()
        by_id[event["id"]].append(event)
    assert len(by_id) == 2000


PEER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"])
sys.stderr.write(f"{child.pid}")
sys.stderr.flush()
print("welcome", flush=True)
print("warm 10", flush=True)
while time.process_time() < 0.5: pass
print("done 110", flush=True)
sys.stdin.read()
"""


def test_a_peer_is_measured_between_what_it_says_and_leaves_nothing_behind(tmp_path: Path) -> None:
    log = tmp_path / "peer.log"
    found = measure([sys.executable, "-c", PEER], tmp_path, log, [])
    assert found.events == 100
    assert 0 < found.peer.cpu_seconds < 0.6  # less where the measuring process came late
    assert found.broker.cpu_seconds == 0
    assert found.cpu_us_per_event == pytest.approx(found.peer.cpu_seconds * 10_000)
    psutil.wait_procs([process for process in [_process(int(log.read_text()))] if process], timeout=10)
    assert not _lives(int(log.read_text()))


def test_a_peer_that_ends_too_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('warm 10'); sys.exit('no broker')"]
    with pytest.raises(PeerFailed, match=r"exit code 1 before it said 'done'.*\nno broker"):
        measure(command, tmp_path, tmp_path / "peer.log", [])


def _process(pid: int) -> psutil.Process | None:
    return psutil.Process(pid) if psutil.pid_exists(pid) else None


def _lives(pid: int) -> bool:
    process = _process(pid)
    return process is not None and process.status() != psutil.STATUS_ZOMBIE


def the(section: Section, subject: str, name: str) -> Figure:
    [figure] = [each for each in section.figures if (each.subject, each.name) == (subject, name)]
    return figure


def test_ratios_are_taken_within_a_round() -> None:
    """What slows a whole round down slows both, and must not show."""
    ours = [measured(cpu=1.0, wall=1.0), measured(cpu=3.0, wall=3.0)]
    theirs = [measured(cpu=2.0, wall=4.0), measured(cpu=6.0, wall=12.0)]
    found = section({OURS: ours, EXACTLY_ONCE: theirs}, [])
    assert the(found, EXACTLY_ONCE, "CPU per event, to ours").values == (2.0, 2.0)
    assert the(found, EXACTLY_ONCE, "throughput, to ours").values == (0.25, 0.25)
    assert the(found, OURS, f"CPU per event, to {EXACTLY_ONCE}").values == (0.5, 0.5)
    assert the(found, OURS, f"CPU per event, to {EXACTLY_ONCE}").reached is False
    assert the(found, OURS, f"throughput, to {EXACTLY_ONCE}").values == (4.0, 4.0)
    assert the(found, OURS, f"throughput, to {EXACTLY_ONCE}").reached is True


def test_a_peer_that_was_given_fewer_events_is_compared_by_what_each_cost() -> None:
    found = section({OURS: [measured(events=40_000, wall=1.0)], STOCK_FAUST: [measured(events=1000, wall=1.0)]}, [])
    assert the(found, OURS, f"throughput, to {STOCK_FAUST}").values == (40.0,)
    assert the(found, OURS, f"throughput, to {STOCK_FAUST}").reached is True


def measured(events: int = 1000, cpu: float = 1.0, wall: float = 2.0) -> Round:
    return Round(
        Measured(events, Usage(cpu, wall, 300 << 20, 290 << 20), Usage(0.5, wall, 900 << 20, 880 << 20), 0.25), 0.97
    )


PEERS = {peer.name: peer for peer in known_peers()}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (EXACTLY_ONCE, ("exactly_once_v2", "100", "64")),
        (TUNED, ("exactly_once_v2", str(TUNED_COMMIT_MS), str(TUNED_CACHE_MIB))),
        ("Kafka Streams, at least once", ("at_least_once", "100", "64")),
        ("Quix Streams", ("at-least-once",)),
        ("Quix Streams, exactly once", ("exactly-once",)),
    ],
)
def test_a_peer_is_started_with_the_guarantee_that_its_row_promises(name: str, words: tuple[str, ...]) -> None:
    peer = PEERS[name]
    assert peer.command[-len(words) :] == words
    assert peer.promises.startswith(words[0].replace("_v2", "").replace("_", " ").replace("-", " "))


def test_the_goal_is_held_against_kafka_streams_as_it_comes_and_not_as_it_is_tuned() -> None:
    found = section({OURS: [measured(cpu=0.34)], EXACTLY_ONCE: [measured()], TUNED: [measured(cpu=0.1)]}, [])
    goals = {figure.name: figure.goal for figure in found.figures if figure.goal is not None}
    assert all(name.endswith(EXACTLY_ONCE) for name in goals)
    [cpu] = [each for each in found.figures if each.name == f"CPU per event, to {EXACTLY_ONCE}"]
    assert (cpu.goal and cpu.goal.value, cpu.reached) == (0.35, True)


BURN = """
import subprocess, sys, time
if sys.argv[1:] == ["child"]:
    while time.process_time() < 0.4: pass
    print("burnt", flush=True)
    sys.stdin.read()
else:
    block = bytearray(64 << 20)
    raise SystemExit(subprocess.run([sys.executable, "-c", sys.argv[1], "child"]).returncode)
"""


@pytest.fixture
def parent() -> Iterator["subprocess.Popen[str]"]:
    """A process that holds 64 MiB, whose child burns 0.4 s of CPU, says so, and waits for the end of its input."""
    command = [sys.executable, "-c", BURN, BURN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def test_what_children_use_counts_also_after_their_end(parent: "subprocess.Popen[str]") -> None:
    assert parent.stdout
    assert parent.stdin
    with Meter([parent.pid], sample_seconds=0.01) as meter:
        assert parent.stdout.readline() == "burnt\n"
        alive = meter.read()
        parent.stdin.close()
        parent.wait()
        ended = meter.read()
    assert alive.cpu_seconds >= 0.39
    assert ended.cpu_seconds >= alive.cpu_seconds
    assert alive.peak_rss >= alive.peak_own >= 64 << 20
    assert ended.wall_seconds >= alive.wall_seconds >= 0.3


def invented(root: Path, seed: int) -> dict[str, pa.Table]:
    """By folder, two days of 3,000 contacts."""
    count = sum(invent_day(root, 3_000, seed, day) for day in (3, 4))
    files = LocalFiles(root)
    found: dict[str, pa.Table] = {}
    for name in files.below("interactions"):
        folder = "/".join(name.split("/")[1:3])
        table = read_parquet(files, name, INTERACTIONS_SCHEMA)
        found[folder] = pa.concat_tables([found[folder], table]) if folder in found else table
    assert sum(map(len, found.values())) == count
    return found


def records_of(table: pa.Table) -> list[Fetched]:
    rows = table.select(["partition", "offset", "fragment", "event"]).to_pylist()
    times = table["appended_at"].cast(pa.int64()).to_pylist()
    return [
        Fetched(row["offset"], row["event"], row["fragment"].encode(), [], at, partition=row["partition"])
        for row, at in zip(rows, times, strict=True)
    ]


def test_columns_say_what_the_bytes_say_and_the_bytes_are_taken(tmp_path: Path) -> None:
    found = invented(tmp_path, 1)

    assert {folder.partition("type=")[2] for folder in found} >= {
        *("email.sent", "email.delivered", "email.opened", "email.bounced", "email.clicked"),
        *("text.sent", "donation.made", "canvass.reported", "rsvp.made"),
    }
    for folder, table in found.items():
        records = records_of(table)
        [(where, same)] = tables_of(records, "invented-1").items()
        assert f"date={where.date}/type={where.type}" == folder
        assert table.equals(same)
        assert not any(isinstance(read_fact(each.value, each.timestamp), Refusal) for each in records)


def test_a_partition_is_in_the_order_in_which_it_was_appended(tmp_path: Path) -> None:
    records = [each for table in invented(tmp_path, 1).values() for each in records_of(table)]
    places = sorted((each.partition, each.offset, each.timestamp) for each in records)

    assert len({place[:2] for place in places}) == len(places)
    assert places == sorted(places, key=lambda place: (place[0], place[2], place[1]))
