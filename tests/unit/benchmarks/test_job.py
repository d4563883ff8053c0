"""What a peer is told and says; the runner reads it from real processes."""

import sys
from collections import defaultdict
from pathlib import Path

import orjson
import psutil
import pytest

from benchmarks.peers.events import generate
from benchmarks.peers.running import PeerFailed, measure


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
