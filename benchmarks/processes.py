"""What processes use, seen from outside, so that a JVM and a Python process are measured in the same way.

CPU seconds count on a shared machine, where wall seconds depend on the neighbours; both are taken.
"""

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import psutil

SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Usage:
    """What a set of processes has used: seconds of CPU (user and system), of wall time, and peak memory in bytes.

    `peak_rss` is the largest sum of resident sizes that a sample saw, so shared pages count for each process.
    `peak_own` is the same without pages of files, which the system takes back when it needs room.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_rss: int
    peak_own: int

    def since(self, earlier: "Usage") -> "Usage":
        """What was used between two readings of one meter; the peak is that of the later one."""
        seconds = self.cpu_seconds - earlier.cpu_seconds, self.wall_seconds - earlier.wall_seconds
        return Usage(*seconds, self.peak_rss, self.peak_own)


class Meter:
    """Measures processes and whatever they start, from the entry of the block on. A context manager.

    A process that has ended keeps the CPU seconds of its last sample: read while those of interest still run.
    """

    def __init__(self, pids: Iterable[int], sample_seconds: float = SAMPLE_SECONDS) -> None:
        self._roots = [psutil.Process(pid) for pid in pids]
        self._sample_seconds = sample_seconds
        self._cpu: dict[psutil.Process, float] = {}
        self._peak_rss = self._peak_own = 0
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep_sampling, daemon=True)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._before = self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def read(self) -> Usage:
        """What was used since the block was entered."""
        cpu = self._sample() - self._before
        return Usage(cpu, time.monotonic() - self._started, self._peak_rss, self._peak_own)

    def _keep_sampling(self) -> None:
        while not self._stopping.wait(self._sample_seconds):
            self._sample()

    def _sample(self) -> float:
        with self._lock:
            rss = own = 0
            for process in self._all():
                with suppress(psutil.Error), process.oneshot():
                    self._cpu[process] = _cpu_seconds(process)
                    memory = process.memory_info()
                    rss += memory.rss
                    own += memory.rss - memory.shared
            self._peak_rss = max(self._peak_rss, rss)
            self._peak_own = max(self._peak_own, own)
            return sum(self._cpu.values())

    def _all(self) -> set[psutil.Process]:
        found = set(self._roots)
        for root in self._roots:
            with suppress(psutil.Error):
                found.update(root.children(recursive=True))
        return found


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
