"""Topics on three brokers, of which two must have each record: any one of them may die at any time."""

import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from events.topics import CONTACT_STATE
from streams.demo.read_back import records_of
from streams.demo.script import Script
from streams.local import server
from streams.local.kafka import Node
from streams.platform.clients import KafkaClients
from tests.chaos.conftest import STANDSTILL
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


@pytest.mark.parametrize(
    "role",
    ["a leader", pytest.param("the group's coordinator", marks=pytest.mark.short)],
    ids=["leader", "coordinator"],
)
def test_a_broker_freezes(
    cluster_and_site: tuple[Cluster, Site],
    script: Script,
    seed: int,
    role: str,
    record_property: Callable[[str, object], None],
) -> None:
    """For longer than the controller waits, so that others take its place; no worker ends."""
    (cluster, site), rng = cluster_and_site, Random(seed)
    workers = site.start("one", processes=2)
    with load(site.deployment, script) as running:
        running.until_folded(rng.randrange(50, 300))
        with frozen(cluster, ROLES[role](site, cluster)):
            running.until_folded(rng.randrange(300, 500))
        running.finish()
        assert workers.process.poll() is None
        record_property(STANDSTILL, standstill(site))
        site.must_be_exact(running, script)


def standstill(site: Site) -> tuple[float, float]:
    """The longest time in seconds without a record in `contact-state`: in all of it, and in its worst partition."""
    consumer = KafkaClients(site.deployment.settings).tool_consumer()
    try:
        times: dict[int, list[int]] = defaultdict(list)
        for record in records_of(consumer, CONTACT_STATE):
            times[record.partition].append(record.timestamp)
    finally:
        consumer.close()
    everywhere = sorted(at for one in times.values() for at in one)
    return longest(everywhere), max(longest(sorted(one)) for one in times.values())


def longest(times: list[int]) -> float:
    """Seconds of the longest pause between times in milliseconds."""
    return max((after - before) / 1000 for before, after in pairwise(times))


def leader_of(site: Site, cluster: Cluster, topic: str, partition: int) -> Node:
    """The node that leads a partition now."""
    described = {each["name"]: each["partitions"] for each in site.describe_topics()}
    [leader] = [each["leader_id"] for each in described[topic] if each["partition_index"] == partition]
    return next(node for node in cluster.nodes if node.id == leader)


def coordinator_of(site: Site, cluster: Cluster) -> Node:
    """The node that coordinates the workers' group."""
    [partitions] = [each["partitions"] for each in site.describe_topics() if each["name"] == OFFSETS]
    return leader_of(site, cluster, OFFSETS, java_hash(site.deployment.settings.app_id) % len(partitions))


def java_hash(text: str) -> int:
    """`String.hashCode` without its sign, by which Kafka finds a group's partition."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFFFFFF
    return value & 0x7FFFFFFF if value < 1 << 31 else abs(value - (1 << 32))


OFFSETS = "__consumer_offsets"
ROLES: dict[str, Callable[[Site, Cluster], Node]] = {
    "a leader": lambda site, cluster: leader_of(site, cluster, CONTACT_STATE, 0),
    "the group's coordinator": coordinator_of,
}


@contextmanager
def frozen(cluster: Cluster, node: Node) -> Iterator[None]:
    """A node that does nothing for the length of a block, and keeps its connections."""
    running = server.running_server(cluster.folder(node))
    assert running is not None, f"node {node.id} does not run"
    os.kill(running.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(running.pid, signal.SIGCONT)


def in_sync(site: Site) -> int:
    """Of the partition with the fewest, how many replicas have everything."""
    topics = site.describe_topics()
    return min(len(partition["isr_nodes"]) for topic in topics for partition in topic["partitions"])
