"""What befalls the one transaction in which a worker writes all its partitions."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from events.topics import CONTACT_STATE
from streams.demo.script import Script
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.chaos.load import load
from tests.chaos.site import Site, kill, open_site
from tests.chaos.test_workers import ONE_BY_ONE, is_frozen
from tests.chaos.three_brokers import COUNT, Cluster, three_brokers
from tests.chaos.workers import SABOTAGED
from tests.integration.system import sample, transactional_ids
from tests.integration.waiting import until

BATCH_BYTES = "1500"
"""Too few for a batch of several profiles, enough for one."""
ROOM = str(8 << 20)
SLOW_COMMITS = {"CHAOS_SLOW": "commit_transaction:0.2"}


@contextmanager
def admin_of(settings: Settings) -> Iterator[KafkaAdminClient]:
    with closing(KafkaClients(settings).admin()) as admin:
        yield admin


@pytest.mark.parametrize("gap", ["before-offsets", "inside-transaction"])
def test_a_worker_frozen_for_less_than_its_time_limits_goes_on(site: Site, script: Script, seed: int, gap: str) -> None:
    """Inside of one: between its offsets and its end."""
    fault = {"CHAOS_FREEZE": f"{gap}:{Random(seed).randrange(20, 100)}"}
    worker = site.start("one", {**ONE_BY_ONE, **fault}, program=SABOTAGED)
    with load(site.deployment, script) as running:
        running.until(lambda: is_frozen(worker), "the worker to freeze")
        os.kill(worker.process.pid, signal.SIGCONT)
        running.until_folded(20)
        running.finish()
        assert sample(worker.addresses[0], "harmonia_transactions_total", outcome="stale") == 0
        assert worker.process.poll() is None
        site.must_be_exact(running, script)


def test_a_worker_whose_transaction_the_broker_has_ended_goes_on_while_it_is_a_member(
    site: Site, script: Script, seed: int
) -> None:
    """Frozen for longer than a transaction may last, and for less than a session."""
    fault = {"CHAOS_FREEZE": f"inside-transaction:{Random(seed).randrange(20, 100)}"}
    quick = {"HARMONIA_TRANSACTION_TIMEOUT_S": "1"}
    worker = site.start("one", {**ONE_BY_ONE, **fault, **quick}, program=SABOTAGED)
    with load(site.deployment, script) as running:
        running.until(lambda: is_frozen(worker), "the worker to freeze")
        since = time.monotonic()
        running.until(lambda: time.monotonic() - since > 3.5, "the end of the transaction's time")
        os.kill(worker.process.pid, signal.SIGCONT)
        running.until_folded(20)
        running.finish()
        assert worker.process.poll() is None
        site.must_be_exact(running, script)


def test_workers_come_and_go_in_the_middle_of_slow_commits(site: Site, script: Script, seed: int) -> None:
    """So slow that whoever comes or goes nearly always does it while offsets have been sent and the end has not."""
    rng = Random(seed)
    at_work = [site.start("0", SLOW_COMMITS, program=SABOTAGED)]
    with load(site.deployment, script) as running:
        for number in range(1, 5):
            running.until_folded(rng.randrange(30, 100))
            if len(at_work) == 1 or (len(at_work) < 3 and rng.random() < 0.5):
                at_work.append(site.start(str(number), SLOW_COMMITS, program=SABOTAGED))
            else:
                leaver = at_work.pop(rng.randrange(len(at_work)))
                assert leaver.stop(rng.choice([signal.SIGTERM, signal.SIGKILL])) in (0, -signal.SIGKILL)
        running.must_be_under_way()
        running.finish()
        assert all(worker.process.poll() is None for worker in at_work)
        site.must_be_exact(running, script)


def test_records_that_the_broker_refuses_together_are_written_alone(site: Site, script: Script, seed: int) -> None:
    """A topic takes batches of one profile only, for a while: each partition is then tried by itself."""
    worker = site.start("one")
    with load(site.deployment, script) as running, admin_of(site.deployment.settings) as admin:
        running.until_folded(Random(seed).randrange(50, 200))
        take_batches_of(admin, BATCH_BYTES)
        metrics = worker.addresses[0]
        running.until(lambda: sample(metrics, "harmonia_transactions_total", outcome="refused") > 0, "a refusal")
        take_batches_of(admin, ROOM)
        running.until_folded(50)
        running.finish()
        assert worker.process.poll() is None
        site.must_be_exact(running, script)


def take_batches_of(admin: KafkaAdminClient, size: str) -> None:
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, CONTACT_STATE, {"max.message.bytes": size})])


@pytest.fixture
def cluster_and_site(tmp_path: Path) -> Iterator[tuple[Cluster, Site]]:
    home = tmp_path / "stack"
    with three_brokers(home) as (cluster, stack), open_site(home, stack, tmp_path, replication=COUNT) as site:
        yield cluster, site


def test_the_coordinators_of_the_group_and_of_its_transactions_move(
    cluster_and_site: tuple[Cluster, Site], script: Script, seed: int
) -> None:
    """With the brokers that they are on, one after the other."""
    (cluster, site), rng = cluster_and_site, Random(seed)
    workers = site.start("one", processes=2)
    with load(site.deployment, script) as running:
        for topic, name in (("__consumer_offsets", group_of), ("__transaction_state", transactional_id_of)):
            running.until_folded(rng.randrange(50, 200))
            leader = leader_of(site, topic, name(site))
            kill(cluster.folder(leader_node := next(node for node in cluster.nodes if node.id == leader)))
            running.until_folded(rng.randrange(50, 150))
            cluster.start(leader_node)
            until(lambda: in_sync(site) == COUNT, "every replica in sync again")
        running.finish()
        assert workers.process.poll() is None
        site.must_be_exact(running, script)


def group_of(site: Site) -> str:
    return site.deployment.settings.app_id


def transactional_id_of(site: Site) -> str:
    """Of one of the workers."""
    prefix = f"{site.deployment.settings.app_id}-contacts-"
    return min(one for one in transactional_ids(KafkaClients(site.deployment.settings)) if one.startswith(prefix))


def leader_of(site: Site, topic: str, key: str) -> int:
    """The broker that coordinates what is kept under this key: leader of the partition that the key's hash gives."""
    [partitions] = [one["partitions"] for one in site.describe_topics() if one["name"] == topic]
    number = java_hash(key) % len(partitions)
    return int(next(one["leader_id"] for one in partitions if one["partition_index"] == number))


def java_hash(text: str) -> int:
    """Of a string, as the broker takes it: without its sign bit."""
    code = 0
    for letter in text:
        code = (31 * code + ord(letter)) & 0xFFFFFFFF
    return code & 0x7FFFFFFF


def in_sync(site: Site) -> int:
    return min(len(one["isr_nodes"]) for topic in site.describe_topics() for one in topic["partitions"])
