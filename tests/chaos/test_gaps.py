"""A crash in every gap between two effects of a chunk: what was done is not done again, what was not done is."""

import signal
from collections.abc import Sequence
from contextlib import closing
from random import Random

import pytest

from events.topics import CONTACT_STATE
from streams.demo.read_back import records_of
from streams.demo.script import Script
from streams.platform.clients import KafkaClients
from tests.chaos.load import load
from tests.chaos.sabotage import GAPS
from tests.chaos.site import Site
from tests.chaos.workers import SABOTAGED

OF_THE_FOLD = ("before-transaction", "before-offsets", "inside-transaction-of-profiles", "before-store", "after-store")


@pytest.mark.short
def test_a_crash_in_each_gap_of_a_transaction(site: Site, script: Script, seed: int) -> None:
    """What the crash inside a transaction had sent stays in the log, and no reader of committed records sees it."""
    crash_in_each(site, script, OF_THE_FOLD, Random(seed))
    with closing(KafkaClients(site.deployment.settings).tool_consumer("read_uncommitted")) as sees_all:
        sent = sum(1 for _ in records_of(sees_all, CONTACT_STATE))
    committed = sum(1 for _ in records_of(site.deployment.consumer, CONTACT_STATE))
    assert sent > committed > 0


def test_a_crash_in_each_other_gap(site: Site, script: Script, seed: int) -> None:
    crash_in_each(site, script, [gap for gap in GAPS if gap not in OF_THE_FOLD], Random(seed))


def crash_in_each(site: Site, script: Script, gaps: Sequence[str], rng: Random) -> None:
    """One worker after the other, each of which dies in another gap, then one that lives."""
    with load(site.deployment, script) as running:
        for gap in rng.sample(gaps, len(gaps)):
            fault = {"CHAOS_CRASH": f"{gap}:{passes(rng, gap)}", "CHAOS_FLUSH": "1"}
            doomed = site.start("one", fault, program=SABOTAGED)
            running.go_on()
            assert running.until_dead(doomed, f"the crash {gap}") == -signal.SIGKILL
            running.pause()
        site.start("one")
        running.finish()
        site.must_be_exact(running, script)


def passes(rng: Random, gap: str) -> int:
    """What the intake has done is committed once a second, all else happens many times a second."""
    return rng.randint(1, 2) if "group" in gap else rng.randint(2, 12)
