"""A worker whose clock jumps by days, forth and back: no answer may hang on it."""

import time
from functools import partial
from pathlib import Path
from random import Random

import libfaketime

from events.dead_letters import DeadLetter
from events.topics import DEAD_LETTERS
from streams.demo.read_back import records_of
from streams.demo.script import Script
from tests.chaos.load import load
from tests.chaos.site import Site

DAY_S = 86_400
JUMPS_S = (2 * DAY_S, -2 * DAY_S, 5400, -5400, 0)


def faked_clock(offsets: Path) -> dict[str, str]:
    """The environment of a process whose wall clock is as far off as the file says; its monotonic clock is right."""
    [library] = Path(libfaketime.__file__).parent.glob("vendor/libfaketime/src/libfaketime.so*")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offsets),
        "FAKETIME_CACHE_DURATION": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def test_a_clock_that_jumps(site: Site, script: Script, seed: int, tmp_path: Path) -> None:
    rng = Random(seed)
    offsets = tmp_path / "offsets"
    offsets.write_text("+0\n")
    worker = site.start("one", faked_clock(offsets))
    with load(site.deployment, script) as running:
        for jump in rng.sample(JUMPS_S, len(JUMPS_S)):
            running.until_folded(rng.randrange(50, 150))
            offsets.write_text(f"{jump:+d}\n")
            running.until(
                partial(clock_was_off, site, round(jump / DAY_S)), f"a dead letter of a clock that is {jump} s off"
            )
            running.must_be_under_way()
        running.finish()
        assert worker.process.poll() is None
        site.must_be_exact(running, script)


def clock_was_off(site: Site, days: int) -> bool:
    """Whether the worker's clock was so far off when it refused some record."""
    letters = [DeadLetter.of(record.headers) for record in records_of(site.deployment.consumer, DEAD_LETTERS)]
    return any(round((letter.time / 1000 - time.time()) / DAY_S) == days for letter in letters if letter)
