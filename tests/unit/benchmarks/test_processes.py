import subprocess
import sys
from collections.abc import Iterator

import pytest

from benchmarks.processes import Meter

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
