"""A broker that is stopped, killed, or away for so long that the workers end, under load."""

import signal
import time
from random import Random

from streams.demo.script import Script
from tests.chaos.load import load
from tests.chaos.site import SESSION_TIMEOUT_S, Site, kill
from tests.integration.waiting import until

ALWAYS_AT_WORK = {"HARMONIA_CHUNK_RECORDS": "1"}
"""A worker with nothing in hand waits for a broker for ever."""


def away(site: Site, number: signal.Signals, seconds: float) -> None:
    """The broker's end, and its next beginning."""
    kill(site.kafka, number)
    since = time.monotonic()
    until(lambda: time.monotonic() - since > seconds, "the time without a broker")
    site.start_broker()


def test_the_broker_is_stopped_and_killed(frail_site: Site, script: Script, seed: int) -> None:
    """Workers may end meanwhile: their supervisor starts them again."""
    site, rng = frail_site, Random(seed)
    workers = site.start("one", processes=2)
    with load(site.deployment, script) as running:
        for number in rng.sample([signal.SIGTERM, signal.SIGKILL], 2):
            running.until_folded(rng.randrange(50, 300))
            away(site, number, rng.uniform(0, 2))
        running.until_folded(50)
        running.finish()
        assert workers.process.poll() is None
        site.must_be_exact(running, script)


def test_the_broker_is_away_until_workers_end(frail_site: Site, script: Script, seed: int) -> None:
    site, rng = frail_site, Random(seed)
    workers = site.start("one", ALWAYS_AT_WORK, processes=2)
    with load(site.deployment, script) as running:
        running.until_folded(rng.randrange(50, 300))
        away(site, signal.SIGKILL, 3 * SESSION_TIMEOUT_S)
        running.until_folded(50)
        running.finish()
        assert workers.process.poll() is None
        assert "ended with exit code" in workers.log.read_text()
        site.must_be_exact(running, script)
