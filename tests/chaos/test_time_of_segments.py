"""Time in segments where a partition is hours behind, and where thousands are due at one moment, whoever is killed.

What was heard is put into `interactions` while nobody reads, and after it moments that are hours ahead: as a partition
sees them that lies behind. Nobody may leave for time before what was heard by then counts, and each leaves once.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from random import Random
from typing import TypeAlias

import pytest

from events.envelope import Interaction
from events.harmonised import harmonise
from events.registry import MODELS
from events.topics import INTERACTIONS
from sinks.keys import partition_of
from streams.demo import segments
from streams.demo.deployment import Deployment
from streams.demo.workers import Workers
from tests.chaos.site import EXIT_FENCED, Site
from tests.chaos.test_gaps import OF_THE_FOLD
from tests.chaos.test_segments import FEW, crashing
from tests.chaos.test_workers import is_frozen
from tests.chaos.workers import SABOTAGED
from tests.integration.members import Told, told
from tests.integration.waiting import until

pytestmark = pytest.mark.timeout(600)
PEOPLE = 3_000
HOUR_MS = 3_600_000
GIVEN = {"id": "given", "all": [{"gifts": "count", "within": "3h", "at_least": 1}]}
Change: TypeAlias = tuple[str, list[str], list[str]]
CAME: tuple[Change, ...] = (("interaction", ["given"], []), ("defined", ["given"], []))
"""By what was heard, or by the definition, where what was heard was read before it."""
WENT: Change = ("time", [], ["given"])


def test_a_partition_hours_behind_lives_in_those_hours_whoever_is_killed(site: Site, seed: int) -> None:
    rng, now = Random(seed), time.time_ns() // 1_000_000
    everybody = [f"giver-{number}" for number in range(PEOPLE)]
    again = {name for name in everybody if rng.random() < 0.5}
    first = site.start("one", FEW)
    give(site.deployment, everybody, now - 2 * HOUR_MS)
    define(site.deployment)
    until_told(site.deployment, lambda found: len(found.names) == PEOPLE, "everybody has come")
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL

    give(site.deployment, again, now)
    state_the_hour(site.deployment, now + 2 * HOUR_MS)
    for gap in rng.sample(OF_THE_FOLD, 3):
        doomed = crashing(site, gap, rng.randint(2, 10))
        assert until(doomed.process.poll, f"the crash {gap}") == -signal.SIGKILL
    site.start("one")
    found = until_told(site.deployment, lambda found: found.names.keys() == again, "the others have gone")
    for name in everybody:
        came, *went = found.causes(name)
        assert (came in CAME, went) == (True, [] if name in again else [WENT])


def test_thousands_are_due_at_one_moment_and_leave_once_though_a_worker_freezes_among_them(
    site: Site, seed: int
) -> None:
    now = time.time_ns() // 1_000_000
    everybody = [f"giver-{number}" for number in range(PEOPLE)]
    define(site.deployment)
    give(site.deployment, everybody, now)
    first = site.start("one", FEW)
    until_told(site.deployment, lambda found: len(found.names) == PEOPLE, "everybody has come")
    assert first.stop() == 0

    state_the_hour(site.deployment, now + 5 * HOUR_MS)
    frozen = freezing(site, Random(seed).randint(3, 10))
    until(lambda: is_frozen(frozen), "the worker to freeze")
    site.start("two")
    found = until_told(site.deployment, lambda found: not found.names, "everybody has gone")
    os.kill(frozen.process.pid, signal.SIGCONT)
    assert until(frozen.process.poll, "the end of the frozen worker") == EXIT_FENCED
    found = told(site.deployment.settings)
    found.agree()
    for name in everybody:
        came, went = found.causes(name)
        assert (came in CAME, went) == (True, WENT)


def define(deployment: Deployment) -> None:
    """The one segment, in every partition."""
    segments.define(deployment.producer, deployment.settings.partitions, [GIVEN])


def give(deployment: Deployment, names: Iterable[str], at: int) -> None:
    """Put a gift of each into `interactions`."""
    for name in names:
        gift = {
            "donation_id": f"fec:{name}-{at}",
            "amount": 500,
            "currency": "USD",
            "contact": {"contact_id": name},
        }
        data = MODELS["donation.made"].model_validate(gift)
        said = Interaction(f"{name}-{at}", "finance/fec", "donation.made", at, data)
        key, value = harmonise(said, deployment.hasher)
        place = partition_of(key, deployment.settings.partitions)
        deployment.producer.send(INTERACTIONS, value, key.encode(), partition=place)
    deployment.producer.flush()


def state_the_hour(deployment: Deployment, at: int) -> None:
    """Have it be this moment (ms) in every partition, once all is folded that it holds now."""
    segments.state_the_time(deployment, datetime.fromtimestamp(at / 1000, UTC))


def freezing(site: Site, passes: int) -> Workers:
    """A worker that stops between what it has judged and the offsets of that."""
    return site.start("one", {**FEW, "CHAOS_FREEZE": f"before-offsets:{passes}"}, program=SABOTAGED)


def until_told(deployment: Deployment, look: Callable[[Told], bool], what: str) -> Told:
    """What is told, once it looks so; it agrees."""

    def seen() -> Told | None:
        found = told(deployment.settings)
        return found if look(found) else None

    found = until(seen, what)
    found.agree()
    return found
