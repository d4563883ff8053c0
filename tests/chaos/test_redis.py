"""A Redis that goes away, comes back with an old dump or with nothing, while profiles keep coming."""

import signal
from collections.abc import Callable
from random import Random

import pytest

from streams.demo.script import Script
from tests.chaos.load import load
from tests.chaos.site import Site, kill


def stopped(site: Site, meanwhile: Callable[[], None]) -> None:
    """It writes its dump, is away for a while and goes on from there."""
    kill(site.redis, signal.SIGTERM)
    meanwhile()
    site.start_redis()


def killed(site: Site, meanwhile: Callable[[], None]) -> None:
    """It comes back as it was at its last dump, if there was one."""
    kill(site.redis)
    meanwhile()
    site.start_redis()


def flushed(site: Site, meanwhile: Callable[[], None]) -> None:
    """It forgets everything and never was away."""
    site.deployment.redis.flushall()
    meanwhile()


def dumped_then_flushed_and_killed(site: Site, meanwhile: Callable[[], None]) -> None:
    """An old dump comes back over what was written since."""
    site.deployment.redis.save()
    meanwhile()
    kill(site.redis)
    site.start_redis()


@pytest.mark.short
def test_whatever_befalls_redis_it_is_filled_again(frail_site: Site, script: Script, seed: int) -> None:
    site, rng = frail_site, Random(seed)
    harms = [stopped, killed, flushed, dumped_then_flushed_and_killed]
    rng.shuffle(harms)
    worker = site.start("one")
    with load(site.deployment, script) as running:

        def meanwhile() -> None:
            """Interactions are folded, whatever Redis does."""
            running.until_folded(rng.randrange(50, 200))

        for harm in harms:
            running.until_folded(rng.randrange(50, 300))
            assert site.deployment.redis.dbsize() > 0
            harm(site, meanwhile)
        running.finish()
        assert worker.process.poll() is None
        site.must_be_exact(running, script)
