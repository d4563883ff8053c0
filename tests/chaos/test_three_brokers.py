"""Topics on three brokers, of which two must have each record: any one of them may die at any time."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from streams.demo.script import Script
from tests.chaos.load import load
from tests.chaos.site import Site, kill, open_site
from tests.chaos.three_brokers import COUNT, Cluster, three_brokers
from tests.integration.waiting import until


@pytest.fixture
def cluster_and_site(tmp_path: Path) -> Iterator[tuple[Cluster, Site]]:
    home = tmp_path / "stack"
    with three_brokers(home) as (cluster, stack), open_site(home, stack, tmp_path, replication=COUNT) as site:
        yield cluster, site


def test_one_of_three_brokers_is_killed(cluster_and_site: tuple[Cluster, Site], script: Script, seed: int) -> None:
    """And comes back, and then another one is."""
    (cluster, site), rng = cluster_and_site, Random(seed)
    first, second = rng.sample(cluster.nodes, 2)
    workers = site.start("one", processes=2)
    with load(site.deployment, script) as running:
        running.until_folded(rng.randrange(50, 300))
        kill(cluster.folder(first))
        running.until_folded(rng.randrange(50, 200))
        cluster.start(first)
        until(lambda: in_sync(site) == COUNT, "every replica in sync again")
        kill(cluster.folder(second))
        running.until_folded(rng.randrange(50, 200))
        running.finish()
        assert workers.process.poll() is None
        site.must_be_exact(running, script)


def in_sync(site: Site) -> int:
    """Of the partition with the fewest, how many replicas have everything."""
    topics = site.describe_topics()
    return min(len(partition["isr_nodes"]) for topic in topics for partition in topic["partitions"])
