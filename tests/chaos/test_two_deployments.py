"""Two deployments on one broker and one Redis: what happens to one is nothing to the other."""

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from kafka import KafkaAdminClient
from redis import Redis

from streams.demo.read_back import profiles_in_redis
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from tests.chaos.load import load
from tests.chaos.script import small_script
from tests.chaos.site import Site, open_site
from tests.integration.system import settings_of

QUIET, HARRIED = "quiet.", "harried-"
DONATIONS = 300


@pytest.fixture
def sites(ground: tuple[Path, Stack], tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    """One that nobody harms, and one whose workers die; their identity keys differ."""
    home, stack = ground
    with Redis.from_url(stack.redis_url) as redis:
        redis.flushall()
    folders = [tmp_path / name for name in ("quiet", "harried")]
    for folder in folders:
        folder.mkdir()
    with (
        open_site(home, stack, folders[0], prefix=QUIET) as quiet,
        open_site(home, stack, folders[1], prefix=HARRIED) as harried,
    ):
        yield quiet, harried


@pytest.mark.short
def test_killed_workers_and_a_flood_of_one_deployment_leave_the_other_exact(
    sites: tuple[Site, Site], ground: tuple[Path, Stack], seed: int
) -> None:
    (quiet, harried), rng = sites, Random(seed)
    calm_script, harried_script = small_script(seed, DONATIONS), small_script(seed + 1, DONATIONS)
    with load(quiet.deployment, calm_script) as calm, load(harried.deployment, harried_script) as flooded:
        quiet.start("one")
        for _ in range(2):
            worker = harried.start("one")
            flooded.until_folded(rng.randrange(50, 150))
            assert worker.stop(signal.SIGKILL) == -signal.SIGKILL
        flooded.publish_the_rest()
        calm.must_be_under_way()
        harried.start("one")
        calm.finish()
        flooded.finish()
        assert_nothing_is_shared(quiet, harried, ground[1])
        quiet.must_be_exact(calm, calm_script)
        harried.must_be_exact(flooded, harried_script)


def assert_nothing_is_shared(quiet: Site, harried: Site, stack: Stack) -> None:
    people = [set(profiles_in_redis(site.deployment.redis)) for site in (quiet, harried)]
    assert all(people)
    assert not people[0] & people[1]

    with Redis.from_url(stack.redis_url) as redis:
        assert not [key for key in redis.scan_iter() if not key.startswith((QUIET.encode(), HARRIED.encode()))]

    admin: KafkaAdminClient
    with closing(KafkaClients(settings_of(stack)).admin()) as admin:
        groups = {group["group_id"] for group in admin.list_groups()}
        ids = {one.transactional_id for each in admin.list_transactions().values() for one in each}
    for site in (quiet, harried):
        prefix, app_id = site.deployment.settings.topic_prefix, site.deployment.settings.app_id
        assert {name for name in groups if app_id in name} == {prefix + app_id}
        own = {name for name in ids if app_id in name}
        assert own
        assert all(name.startswith(prefix + app_id) for name in own)
