"""A rolling upgrade under load: workers of the previous version are replaced one by one, and one is rolled back."""

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

import psutil
import pytest

from streams.demo.script import Script
from streams.demo.workers import Workers
from tests.chaos.load import Load, load
from tests.chaos.people import people
from tests.chaos.previous import PACKAGES, previous_code
from tests.chaos.sayings import Sayings, sayings
from tests.chaos.site import Site
from tests.chaos.test_people import must_come_out
from tests.chaos.trials import define

PEOPLE, COUPLES, INTERACTIONS = 60, 6, 1500
NEWER = "which a newer version of Harmonia wrote"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = previous_code(tmp_path / "previous")
    found = subprocess.run(
        [sys.executable, "-c", "import events, sinks, streams; print(*(p.__file__ for p in (events, sinks, streams)))"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    assert found.stdout.decode().split() == [str(folder / package / "__init__.py") for package in PACKAGES]
    return folder


@pytest.mark.short
def test_workers_are_replaced_one_by_one_by_those_of_the_next_version(site: Site, old: Path, seed: int) -> None:
    """People with links among them, so that versions talk to each other on every internal topic."""
    rng = Random(seed)
    said = sayings(rng, people(rng, PEOPLE, COUPLES), INTERACTIONS, site.deployment.identify)
    team = {name: site.start(name, within=at(old)) for name in ("one", "two")}
    assert all(cwd_of(worker) == old for worker in team.values())
    with load(site.deployment, Script(said.publications, [])) as running:
        running.until_folded(rng.randrange(50, 150))
        for name, worker in team.items():
            assert_ends_well(worker)
            team[name] = site.start(name)
            assert cwd_of(team[name]) != old
            running.until_folded(rng.randrange(50, 150))
        running.publish_the_rest()
    must_be_exact(site, said)


def test_a_version_that_was_rolled_back_goes_on_where_the_newer_one_was(site: Site, old: Path, seed: int) -> None:
    """While it knows the format of states; else it stops and says so, and the newer one goes on."""
    rng = Random(seed)
    said = sayings(rng, people(rng, PEOPLE, COUPLES), INTERACTIONS, site.deployment.identify)
    with load(site.deployment, Script(said.publications, [])) as running:
        for world in ((), at(old)):
            worker = site.start("one", within=world)
            folded = rng.randrange(50, 200)
            running.until(partial(has_folded_or_ended, running, worker, running.folded + folded), f"{folded} folded")
            assert_ends_well(worker)
        site.start("one")
        running.publish_the_rest()
    must_be_exact(site, said)


def has_folded_or_ended(running: Load, worker: Workers, wanted: int) -> bool:
    return running.folded >= wanted or worker.process.poll() is not None


def assert_ends_well(worker: Workers) -> None:
    """One that met a state of a newer format has stopped by itself: it is as if it had been told to."""
    if worker.stop():
        assert NEWER in worker.log.read_text()


def must_be_exact(site: Site, said: Sayings) -> None:
    outcome = said.outcome(site.deployment.identify)
    define(site.deployment)  # by which the outcome counts experiments; workers of both versions have counted by none
    must_come_out(site.deployment, outcome)
    site.must_be_as_told(outcome.profiles, set())


def at(code: Path) -> Sequence[str]:
    """Where Python finds the packages of this folder before any others."""
    return "env", f"--chdir={code}"


def cwd_of(worker: Workers) -> Path:
    return Path(psutil.Process(worker.process.pid).cwd())
