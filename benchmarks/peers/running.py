"""Runs one peer once, and measures it and the broker between the end of its warm-up and its last event."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.processes import Meter, Usage
from benchmarks.suites import BenchmarkFailed

#: A peer that is slower than this is stuck.
LONGEST_RUN_SECONDS = 900.0


class PeerFailed(BenchmarkFailed):
    """A peer ended, or kept silent, before it had done its job."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a peer and the broker beside it used for so many events, after the warm-up.

    `others_cores`: how many cores were busy with something else all the while, which makes wall time longer.
    """

    events: int
    peer: Usage
    broker: Usage
    others_cores: float

    @property
    def events_per_second(self) -> float:
        """Of wall time."""
        return self.events / self.peer.wall_seconds

    @property
    def cpu_us_per_event(self) -> float:
        """Of the peer's own processes."""
        return self.peer.cpu_seconds / self.events * 1e6

    @property
    def broker_cpu_us_per_event(self) -> float:
        """Of the broker's, for the peer's reading and writing."""
        return self.broker.cpu_seconds / self.events * 1e6


def measure(command: Sequence[str], directory: Path, log: Path, broker_pids: Sequence[int]) -> Measured:
    """Run a peer, in a working directory, to the end of its job; none of its processes stays behind.

    Raises `PeerFailed` with the end of its log.
    """
    with _started(command, directory, log) as process, Meter([process.pid]) as peer, Meter(broker_pids) as broker:
        warm = _await(process, "warm", log)
        before = peer.read(), broker.read(), _busy_seconds()
        done = _await(process, "done", log)
        used, beside, busy = peer.read().since(before[0]), broker.read().since(before[1]), _busy_seconds() - before[2]
    others = (busy - used.cpu_seconds - beside.cpu_seconds) / used.wall_seconds
    return Measured(done - warm, used, beside, max(0.0, others))


def _busy_seconds() -> float:
    """CPU seconds that all processes of the machine have used, and its neighbours have stolen."""
    times = psutil.cpu_times()._asdict()
    return float(sum(times.get(kind, 0.0) for kind in ("user", "system", "irq", "softirq", "steal")))


@contextmanager
def _started(command: Sequence[str], directory: Path, log: Path) -> Iterator["subprocess.Popen[str]"]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    too_long = threading.Timer(LONGEST_RUN_SECONDS, _kill, [process])
    too_long.start()
    try:
        yield process
    finally:
        too_long.cancel()
        _kill(process)
        with process:
            process.wait()


def _kill(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _await(process: "subprocess.Popen[str]", word: str, log: Path) -> int:
    """The number after the word; other lines that a peer prints are passed over."""
    assert process.stdout
    for line in process.stdout:
        said, _, number = line.strip().partition(" ")
        if said == word and number.isdecimal():
            return int(number)
    end = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
    raise PeerFailed(f"it ended with exit code {process.wait()} before it said {word!r}; the end of {log}:\n{end}")
