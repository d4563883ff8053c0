"""Kills and freezes in the steps of a backfill and of timers: everybody is where the oracle has them, told once."""

import os
import signal
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from streams.demo import segments
from streams.demo.recount_segments import Table
from streams.demo.script import Script
from streams.demo.workers import Workers
from tests.chaos.load import load
from tests.chaos.site import EXIT_FENCED, Site
from tests.chaos.test_gaps import OF_THE_FOLD
from tests.chaos.test_workers import is_frozen
from tests.chaos.workers import SABOTAGED
from tests.integration.members import told
from tests.integration.waiting import until

FEW = {"HARMONIA_CHUNK_RECORDS": "50", "CHAOS_FLUSH": "1"}
STEP = timedelta(days=10)
"""Windows of the demo's segments begin in a spring of whose gifts some leave with each step."""


@pytest.mark.short
def test_kills_between_the_steps_of_a_backfill_and_of_timers(site: Site, script: Script, seed: int) -> None:
    """Definitions come while people are heard of; then time goes on in leaps, by each of which many are due."""
    rng, at = Random(seed), segments.moment_of_check()
    asked = segments.tables(at)
    with load(site.deployment, script) as running:
        for number, gap in enumerate(rng.sample(OF_THE_FOLD, 2)):
            segments.define(site.deployment.producer, site.deployment.settings.partitions, asked[number::2])
            doomed = crashing(site, gap, rng.randint(4, 20))
            running.go_on()
            assert running.until_dead(doomed, f"the crash {gap}") == -signal.SIGKILL
            running.pause()
        site.start("one")
        running.finish()
        must_be_in_segments(site, script, asked, at)
        assert site.workers[-1].stop(signal.SIGKILL) == -signal.SIGKILL
        for gap in rng.sample(OF_THE_FOLD, 2):
            doomed = crashing(site, gap, rng.randint(2, 6))
            at += STEP
            segments.state_the_time(site.deployment, at)
            assert until(doomed.process.poll, f"the crash {gap}") == -signal.SIGKILL
        site.start("one")
        at += STEP
        segments.state_the_time(site.deployment, at)
        must_be_in_segments(site, script, asked, at)
        assert any(change["cause"] == "time" for changes in told_exactly(site) for change in changes)
        site.must_be_exact(running, script)


def test_a_worker_that_wakes_in_a_backfill_once_others_have_taken_over_is_refused(
    site: Site, script: Script, seed: int
) -> None:
    at = segments.moment_of_check()
    asked = segments.tables(at)
    with load(site.deployment, script) as running:
        fault = {"CHAOS_FREEZE": f"before-offsets:{Random(seed).randint(60, 120)}"}
        frozen = site.start("one", {**FEW, **fault}, program=SABOTAGED)
        running.until_folded(100)
        segments.define(site.deployment.producer, site.deployment.settings.partitions, asked)
        running.until(lambda: is_frozen(frozen), "the worker to freeze")
        site.start("two")
        running.must_be_under_way()
        running.rush()
        os.kill(frozen.process.pid, signal.SIGCONT)
        assert until(frozen.process.poll, "the end of the frozen worker") == EXIT_FENCED
        running.finish()
        must_be_in_segments(site, script, asked, at)
        site.must_be_exact(running, script)


def crashing(site: Site, gap: str, passes: int) -> Workers:
    return site.start("one", {**FEW, "CHAOS_CRASH": f"{gap}:{passes}"}, program=SABOTAGED)


def must_be_in_segments(site: Site, script: Script, asked: Sequence[Table], at: datetime) -> None:
    """Everybody, at a moment that is told to every partition; and all that is told of it agrees."""
    segments.state_the_time(site.deployment, at)
    meant = segments.memberships(script.accepted(), site.deployment.identify, asked, at)
    found = segments.wrong_memberships(site.deployment, meant)
    assert not found, f"{len(found)} wrong, the first:\n" + "\n".join(map(str, found[:20]))
    told_exactly(site)


def told_exactly(site: Site) -> list[list[dict[str, object]]]:
    """What changes were told of each contact; they agree with what is told otherwise."""
    found = told(site.deployment.settings)
    found.agree()
    return [*found.changes.values()]
