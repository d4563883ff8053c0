"""Faults of brokers, each done to a cluster of three while people are told of and workers fold.

A fault returns once it is over: every broker runs again. What it waits for, it waits for under load.
"""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, TopicPartition

from events.topics import CONTACT_STATE, INTERACTIONS
from streams.demo.workers import Workers
from streams.local import server
from streams.local.kafka import Node
from streams.platform.clients import KafkaClients
from tests.chaos.load import Load
from tests.chaos.site import Site, kill
from tests.chaos.three_brokers import COUNT, Cluster
from tests.integration.waiting import until

OFFSETS = "__consumer_offsets"
PREFERRED = 0
PATIENCE_S = 180.0


@dataclass(slots=True)
class Scene:
    """A cluster, its load and its workers by name. `shorter`: the share of its time that a fault lasts."""

    cluster: Cluster
    site: Site
    load: Load
    workers: dict[str, Workers]
    shorter: float = 1.0

    def wait(self, seconds: float) -> None:
        """Let so much time pass while records keep coming."""
        over = time.monotonic() + seconds * self.shorter
        self.load.until(lambda: True if time.monotonic() > over else None, f"{seconds:.0f} s")

    @contextmanager
    def admin(self) -> Iterator[KafkaAdminClient]:
        with closing(KafkaClients(self.site.deployment.settings).admin()) as admin:
            yield admin

    def leader_of(self, topic: str, partition: int = 0) -> Node:
        """The node that leads a partition now."""
        described = {each["name"]: each["partitions"] for each in self.site.describe_topics()}
        [leader] = [each["leader_id"] for each in described[topic] if each["partition_index"] == partition]
        return self.cluster.node(leader)


Role = Callable[[Scene], Node]
Fault = Callable[[Scene], None]


def a_leader(scene: Scene) -> Node:
    """The leader of a partition of profiles."""
    return scene.leader_of(CONTACT_STATE)


def group_coordinator(scene: Scene) -> Node:
    """The node that coordinates the workers' group."""
    with scene.admin() as admin:
        partitions = len(next(iter(admin.describe_topics([OFFSETS])))["partitions"])
    return scene.leader_of(OFFSETS, java_hash(scene.site.deployment.settings.app_id) % partitions)


def transaction_coordinator(scene: Scene) -> Node:
    """The node that coordinates a transaction of a worker."""
    app_id = scene.site.deployment.settings.app_id
    with scene.admin() as admin:
        found = admin.list_transactions()
    return scene.cluster.node(
        next(node for node, known in sorted(found.items()) if any(app_id in one.transactional_id for one in known))
    )


def another(scene: Scene) -> Node:
    """A node that coordinates nothing of the workers, where there is one."""
    busy = {role(scene).id for role in (group_coordinator, transaction_coordinator)}
    return next((node for node in scene.cluster.nodes if node.id not in busy), scene.cluster.nodes[-1])


def java_hash(text: str) -> int:
    """`String.hashCode` without its sign, by which Kafka finds a group's partition."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFFFFFF
    return value & 0x7FFFFFFF if value < 1 << 31 else abs(value - (1 << 32))


def killed(role: Role) -> Fault:
    """Killed, and back after 20 s."""

    def happen(scene: Scene) -> None:
        node = role(scene)
        kill(scene.cluster.folder(node))
        scene.wait(20)
        scene.cluster.start(node)

    return happen


def frozen(role: Role, seconds: float) -> Fault:
    """Frozen for so long: it keeps its connections and answers nothing."""

    def happen(scene: Scene) -> None:
        running = server.running_server(scene.cluster.folder(role(scene)))
        assert running is not None
        os.kill(running.pid, signal.SIGSTOP)
        try:
            scene.wait(seconds)
        finally:
            os.kill(running.pid, signal.SIGCONT)

    return happen


def two_down(scene: Scene) -> None:
    """Nothing can be written for 20 s. Workers may end, and their supervisor starts them again."""
    gone = scene.cluster.nodes[1:]
    for node in gone:
        kill(scene.cluster.folder(node))
    time.sleep(20 * scene.shorter)  # nobody can be asked what has happened meanwhile
    scene.cluster.start_all(gone)
    for name, worker in list(scene.workers.items()):
        if worker.process.poll() is not None:
            scene.workers[name] = scene.site.start(name)


def rolling_restart(scene: Scene) -> None:
    """Every node is stopped as an operator does it, started, and waited for until its replicas are in sync."""
    for node in scene.cluster.nodes:
        kill(scene.cluster.folder(node), signal.SIGTERM)
        scene.cluster.start(node)
        until_in_sync(scene)


def disk_lost(scene: Scene) -> None:
    """A node comes back with nothing on its disk, and copies everything from the others."""
    node = a_leader(scene)
    kill(scene.cluster.folder(node))
    shutil.rmtree(scene.cluster.folder(node))
    scene.wait(10)
    scene.cluster.start(node)
    until_in_sync(scene)


def reassignment(scene: Scene) -> None:
    """Profiles and interactions move to two of three nodes and back; then the preferred leaders are elected."""
    numbers = range(scene.site.deployment.settings.partitions)
    moving = [TopicPartition(topic, number) for topic in (CONTACT_STATE, INTERACTIONS) for number in numbers]
    with scene.admin() as admin:
        for replicas in ([1, 2], [3, 1, 2]):
            refused = admin.alter_partition_reassignments(dict.fromkeys(moving, replicas))
            assert not any(refused.values()), refused
            scene.load.until(lambda: None if admin.list_partition_reassignments(moving) else True, "the end of moving")
        admin.elect_leaders(PREFERRED, {CONTACT_STATE: list(numbers)}, raise_errors=False)
    until_in_sync(scene)


def worker_killed_beside_a_dead_broker(scene: Scene) -> None:
    """The other worker takes over what it can while a broker is dead."""
    node = a_leader(scene)
    kill(scene.cluster.folder(node))
    victim = scene.workers.pop("two")
    os.killpg(victim.process.pid, signal.SIGKILL)
    assert victim.process.wait() == -signal.SIGKILL
    scene.wait(20)
    scene.workers["two"] = scene.site.start("two")
    scene.cluster.start(node)


FAULTS: Mapping[str, Fault] = {
    "leader-killed": killed(a_leader),
    "group-coordinator-killed": killed(group_coordinator),
    "transaction-coordinator-killed": killed(transaction_coordinator),
    "leader-frozen-25s": frozen(a_leader, 25),
    "group-coordinator-frozen-25s": frozen(group_coordinator, 25),
    "group-coordinator-frozen-60s": frozen(group_coordinator, 60),
    "transaction-coordinator-frozen-25s": frozen(transaction_coordinator, 25),
    "another-frozen-25s": frozen(another, 25),
    "two-down": two_down,
    "rolling-restart": rolling_restart,
    "disk-lost": disk_lost,
    "reassignment": reassignment,
    "worker-killed-beside-a-dead-broker": worker_killed_beside_a_dead_broker,
}
MAY_END_WORKERS = frozenset({"two-down"})


def until_in_sync(scene: Scene) -> None:
    """Return once every replica of every partition has everything."""
    scene.load.until(lambda: True if in_sync(scene.site) >= COUNT else None, "every replica in sync")


def until_well(cluster: Cluster, site: Site) -> None:
    """Start whoever does not run, and wait for all replicas: what one scenario leaves, the next one does not see."""
    cluster.start_all([node for node in cluster.nodes if server.running_server(cluster.folder(node)) is None])
    until(lambda: in_sync(site) >= COUNT, "every replica in sync", PATIENCE_S)


def in_sync(site: Site) -> int:
    """Of the partition with the fewest, how many replicas have everything."""
    topics: list[dict[str, Any]] = site.describe_topics()
    return min(len(partition["isr_nodes"]) for topic in topics for partition in topic["partitions"])
