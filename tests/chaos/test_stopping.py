"""Workers that are told to stop while a server is away: they end by themselves, in time, and nothing is lost."""

import signal
from random import Random

from streams.demo.script import Script
from streams.platform.clients import KafkaClients
from streams.platform.shutdown import EXIT_HARD
from tests.chaos.load import load
from tests.chaos.site import Site, kill

GRACE = {"HARMONIA_GRACE_S": "6"}


def test_told_to_stop_while_a_server_is_away(frail_site: Site, script: Script, seed: int) -> None:
    site, rng = frail_site, Random(seed)
    with load(site.deployment, script) as running:
        worker = site.start("one", GRACE)
        running.until_folded(rng.randrange(50, 300))
        kill(site.redis)
        assert worker.stop(signal.SIGTERM) == 0
        site.start_redis()

        worker = site.start("one", GRACE)
        assert_alone(site)
        running.until_folded(rng.randrange(50, 300))
        kill(site.kafka)
        assert worker.stop(signal.SIGTERM) in (0, EXIT_HARD)
        running.must_be_under_way()
        site.start_broker()

        site.start("one", GRACE)
        running.finish()
        site.must_be_exact(running, script)


def assert_alone(site: Site) -> None:
    """Whoever was told to stop has left its group: its successor waits for no session to expire."""
    settings = site.deployment.settings
    admin = KafkaClients(settings).admin()
    try:
        [member] = admin.describe_groups([settings.app_id])[settings.app_id]["members"]
    finally:
        admin.close()
    assert member["member_assignment"]
