"""What a process holds: read from outside, every second, on a thread of its own."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.soak.judging import LIMITS, Judged, Sample, judge

MIB = 1 << 20


class Sampler:
    """Samples one process until it is stopped. `every_s`: seconds between two samples."""

    def __init__(self, pid: int, every_s: float = 1.0) -> None:
        self._process = psutil.Process(pid)
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.series: dict[str, list[Sample]] = {limit.name: [] for limit in LIMITS}
        self.failure: psutil.Error | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stopped.set()
        self._thread.join()

    def judged(self) -> list[Judged]:
        """What it comes to. Raises the error of a process that was not there to its end."""
        if self.failure is not None:
            raise self.failure
        return [judge(limit, self.series[limit.name]) for limit in LIMITS]

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stopped.is_set():
            try:
                held = _held_by(self._process)
            except psutil.Error as error:
                self.failure = error
                return
            at = time.monotonic() - began
            for name, value in held.items():
                self.series[name].append(Sample(at, value))
            self._stopped.wait(self._every_s)


@contextmanager
def sampled(pid: int, every_s: float = 1.0) -> Iterator[Sampler]:
    """A sampler for the length of a block."""
    sampler = Sampler(pid, every_s)
    sampler.start()
    try:
        yield sampler
    finally:
        sampler.stop()


def _held_by(process: psutil.Process) -> Mapping[str, float]:
    """Of a process that has ended and nobody has asked for, the system still says that it holds nothing."""
    with process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE:
            raise psutil.ZombieProcess(process.pid)
        values: Sequence[float] = (process.memory_info().rss / MIB, process.num_fds(), process.num_threads())
    return dict(zip((limit.name for limit in LIMITS), values, strict=True))


def size_of(directory: Path) -> float:
    """MiB of files below a directory, as far as they are there long enough to be asked."""
    total = 0
    for path in directory.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total / MIB
