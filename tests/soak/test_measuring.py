"""The measuring of `make soak` works: what leaks is found, what does not is not, whatever noise there is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import psutil
import pytest

from tests.integration.waiting import until
from tests.soak.judging import LIMITS, Judged, Limit, Sample, judge, slope
from tests.soak.sampling import sampled

MEMORY = LIMITS[0]
HELD = """
import sys, time
kept, files = [], []
while True:
    if "leaks" in sys.argv:
        kept.append(bytearray(1 << 20))
        files.append(open("/dev/null"))
    else:
        once = bytearray(1 << 20)
        with open("/dev/null"):
            pass
    time.sleep(0.02)
"""


def series(seed: int, growth: float, minutes: int = 10) -> list[Sample]:
    """A worker of 300 MiB that fills its caches in the first half, with noise and with peaks, and `growth` a minute."""
    rng = Random(seed)
    return [
        Sample(at, 300 + min(at, 240) / 4 + growth * at / 60 + rng.gauss(0, 3) + (80 if rng.random() < 0.05 else 0))
        for at in range(minutes * 60)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_caches_that_fill_noise_and_peaks_are_no_leak(seed: int) -> None:
    assert judge(MEMORY, series(seed, 0)).is_flat


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_is_found_through_all_of_that(seed: int) -> None:
    found = judge(MEMORY, series(seed, 6))
    assert not found.is_flat
    assert found.grown == pytest.approx(30, abs=4)
    assert "GROWS" in str(found)


def test_what_shrinks_is_flat() -> None:
    assert judge(MEMORY, series(1, -6)).is_flat


def test_the_slope_is_that_of_most() -> None:
    straight = [Sample(at, 2.0 * at) for at in range(20)]
    assert slope(straight) == 2
    assert slope([*straight[:10], Sample(10, 1e9), *straight[11:]]) == pytest.approx(2)


def test_handles_may_come_and_go_but_not_pile_up() -> None:
    handles = Limit("open files", "", 0.05, 6)
    assert judge(handles, [Sample(at, 100 + at % 5) for at in range(600)]).is_flat
    assert not judge(handles, [Sample(at, 100 + at // 30) for at in range(600)]).is_flat


def test_too_few_samples_tell_nothing() -> None:
    with pytest.raises(ValueError, match="3 samples tell nothing"):
        judge(MEMORY, [Sample(at, 1) for at in range(3)])


@contextmanager
def process(*words: str) -> Iterator[int]:
    running = subprocess.Popen([sys.executable, "-c", HELD, *words])
    try:
        yield running.pid
    finally:
        running.kill()
        running.wait()


def measured(*words: str) -> dict[str, Judged]:
    with process(*words) as pid, sampled(pid, 0.02) as sampler:
        until(lambda: len(sampler.series[MEMORY.name]) > 80, "samples")
        return {one.limit.name: one for one in sampler.judged()}


def test_a_real_process_that_leaks_memory_and_files_is_found() -> None:
    found = measured("leaks")
    assert not found["resident memory"].is_flat
    assert not found["open files"].is_flat
    assert found["threads"].is_flat


def test_a_real_process_that_gives_back_what_it_takes_is_flat() -> None:
    assert all(one.is_flat for one in measured().values())


def test_a_process_that_ends_is_no_flat_one() -> None:
    with process() as pid, sampled(pid, 0.02) as sampler:
        until(lambda: sampler.series[MEMORY.name], "a sample")
        psutil.Process(pid).kill()
        until(lambda: sampler.failure, "its end")
    with pytest.raises(psutil.Error):
        sampler.judged()
