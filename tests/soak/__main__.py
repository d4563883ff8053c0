"""`make soak`: a worker for ten minutes under a steady load, while a second one comes and goes.

At the end memory, open files and threads of the one that stayed must be flat, and every profile the oracle's. The
report goes to the terminal and, of a run of ten minutes or more, to benchmarks/results/soak.md.
"""

import argparse
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from events.topics import CONTACT_SUPPRESSIONS
from streams.demo.script import Script
from streams.demo.workers import Workers
from streams.local.stack import local_stack
from streams.platform.shutdown import signals_end_the_block
from tests.chaos.load import Load, load
from tests.chaos.site import Site, open_site
from tests.chaos.stores import wrong_stores
from tests.chaos.test_people import wait_until_still
from tests.chaos.verdict import latest_in, wrongs
from tests.soak.judging import Judged
from tests.soak.sampling import MIB, sampled, size_of
from tests.soak.story import Story, story

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "soak.md"
RECORDS_A_SECOND = 155
"""More than a load publishes while it is steady, so that it lasts to the end; the rest follows at once."""
REBALANCE_EVERY_S, LOOK_EVERY_S = 45.0, 0.5
LAST_LINES = 40
"""Of a log whose directory will be gone."""
WHOLE_MINUTES = 10
SETTINGS = {"HARMONIA_RECENT_BYTES": str(1 << 20), "HARMONIA_SESSION_TIMEOUT_S": "30"}
"""With `SMALL`, so that caches are full before the half is over: one that fills looks like a leak.

A session is longer than the chaos suite's: a machine that is busy for some seconds is no leak either.
"""
SMALL = "tests.soak.small"
_PAUSE = threading.Event()


@dataclass(frozen=True, slots=True)
class Run:
    """What a soak came to."""

    minutes: float
    seed: int
    records: int
    judged: list[Judged]
    stores_mib: list[float]
    redis_mib: float
    wrong: list[str]

    @property
    def is_good(self) -> bool:
        """Whether all is flat and nothing is wrong."""
        return not self.wrong and all(one.is_flat for one in self.judged)


def soak(minutes: float, seed: int, count: int) -> Run:
    """Run it on servers of its own."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        home = Path(folder)
        with local_stack(home / "stack") as stack, open_site(home / "stack", stack, home) as site:
            told = story(seed, int(minutes * 60 * RECORDS_A_SECOND), count, site.deployment.identify)
            return _play(site, told, minutes, seed)


def _play(site: Site, told: Story, minutes: float, seed: int) -> Run:
    staying = site.start("one", SETTINGS, program=SMALL)
    with load(site.deployment, Script(list(told.publications), [])) as running:
        with sampled(staying.process.pid) as sampler:
            sizes = _disturb(site, staying, running, minutes * 60)
        records = running.count
        running.publish_the_rest()
        wrong = _wrong(site, told)
    redis_mib = float(site.deployment.redis.info("memory")["used_memory"]) / MIB
    return Run(minutes, seed, records, sampler.judged(), sizes, redis_mib, wrong)


def _disturb(site: Site, staying: Workers, running: Load, seconds: float) -> list[float]:
    """Let a second worker come and go. Returns the size of the stores of the one that stays, at each of its changes."""
    began, sizes = time.monotonic(), [size_of(site.folder / "one")]
    guest: Workers | None = None
    while (passed := time.monotonic() - began) < seconds:
        if staying.process.poll() is not None:
            _say("".join(staying.log.read_text(errors="replace").splitlines(keepends=True)[-LAST_LINES:]))
        staying.must_run()
        running.must_be_under_way()
        if passed > REBALANCE_EVERY_S * len(sizes):
            guest = _change(site, guest)
            sizes.append(size_of(site.folder / "one"))
            _say(f"{passed:.0f} s: {running.count} records, rebalance {len(sizes) - 1}, stores {sizes[-1]:.0f} MiB")
        running.until(lambda: True, "an answer about what is folded")
        _PAUSE.wait(LOOK_EVERY_S)
    return sizes


def _change(site: Site, guest: Workers | None) -> Workers | None:
    if guest is None:
        return site.start("two", SETTINGS, program=SMALL)
    if code := guest.stop():
        raise RuntimeError(f"told to stop, the second worker ended with {code}")
    return None


def _wrong(site: Site, told: Story) -> list[str]:
    """What is not as it must be. Ends the workers."""
    deployment, outcome = site.deployment, told.outcome
    wait_until_still(deployment)
    closed = set(latest_in(deployment, CONTACT_SUPPRESSIONS)) & told.forgotten
    found = [f"{name} is not closed to everyone" for name in sorted(told.forgotten - closed)]
    found += [one for one in wrongs(deployment, outcome.profiles, set()) if not _is_closed_as_it_must_be(one, closed)]
    site.stop_workers()
    return found + wrong_stores(deployment, site.folder)


def _is_closed_as_it_must_be(one: str, closed: Set[str]) -> bool:
    """The oracle knows nobody who was erased: that they are closed is no mistake."""
    where, _, rest = one.partition(", ")
    return where == CONTACT_SUPPRESSIONS and rest.partition(":")[0] in closed


def report(run: Run) -> str:
    """As Markdown."""
    rows = [
        f"| {one.limit.name} | {one.first:.1f} | {one.median:.1f} | {one.most:.1f} | {one.grown:+.1f} | "
        f"{one.allowed:.1f} | {'yes' if one.is_flat else '**no**'} |"
        for one in run.judged
    ]
    stores = ", ".join(f"{size:.0f}" for size in run.stores_mib)
    wrong = "each is" if not run.wrong else f"{len(run.wrong)} are wrong, the first: {run.wrong[0]}"
    return f"""# Soak

`make soak`: {run.minutes:g} minutes, seed {run.seed}, Python {platform.python_version()}: {run.records:,} records at a
steady rate, with links, retractions, erasures and {len(run.stores_mib) - 1} rebalances.
What the worker that stayed held:

| | first | median of the second half | most | grown in the second half | allowed | flat |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

MiB of its stores at each rebalance: {stores}. Redis at the end: {run.redis_mib:.0f} MiB.
Whether each profile is as the oracle says: {wrong}.

Grown is the slope (median of all pairs of samples, one a second) times the length of the half. RocksDB has 4 MiB here
instead of 128, so that its cache is full before the second half: one that fills looks like a leak.
"""


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - for whoever waits


def main() -> int:
    """Run it as the arguments say; the exit code."""
    words = argparse.ArgumentParser(prog="make soak", description=__doc__)
    words.add_argument("--minutes", type=float, default=WHOLE_MINUTES)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--people", type=int, default=1500)
    given = words.parse_args()
    with signals_end_the_block():
        run = soak(given.minutes, given.seed, given.people)
    text = report(run)
    _say(text)
    if given.minutes >= WHOLE_MINUTES:
        RESULTS.write_text(text)
    for one in run.wrong[:20]:
        _say(one)
    return 0 if run.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
