"""What commands say of replicas on three brokers of which one is frozen, and that they ask another one."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.local.server import recorded_server
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.described_replicas import live_brokers
from tests.chaos.three_brokers import COUNT, Cluster, three_brokers
from tests.integration.command import harmonia, on
from tests.integration.system import settings_of
from tests.integration.waiting import until

PARTITIONS = "2"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Stack, Path]]:
    home = tmp_path_factory.mktemp("three")
    with three_brokers(home / "stack") as (cluster, stack):
        yield cluster, stack, home


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """The last broker, for the length of a block; it goes on afterwards, or it could not be stopped."""
    server = recorded_server(cluster.folder(cluster.nodes[-1]))
    assert server is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def told(stack: Stack, folder: Path, *words: str, **settings: str) -> Any:
    ended = harmonia(folder, *words, "--json", environment=on(stack, HARMONIA_PARTITIONS=PARTITIONS, **settings))
    assert ended.stdout, ended.stderr.decode()
    return json.loads(ended.stdout)


def alerts(seen: Any) -> list[tuple[str, str]]:
    """What Kafka has to do with, besides that no worker runs here."""
    return [
        (each["severity"], each["why"])
        for each in seen["alerts"]
        if each["alert"] in ("PartitionStalled", "UnderReplicated") and each["why"] != "no worker runs"
    ]


def test_replicas_are_made_as_brokers_say_and_one_that_is_frozen_is_a_ticket_and_no_page(
    deployment: tuple[Cluster, Stack, Path],
) -> None:
    cluster, stack, folder = deployment
    refused = harmonia(folder, "topics", "create", environment=on(stack, HARMONIA_REPLICATION="4"))
    made = told(stack, folder, "topics", "create")
    well = told(stack, folder, "status")
    healthy = {each["what"]: each for each in told(stack, folder, "doctor")}
    with frozen(cluster):
        at_once = told(stack, folder, "status")
        with closing(KafkaClients(settings_of(stack)).admin()) as admin:
            until(lambda: len(live_brokers(admin)) < COUNT, "a cluster without the frozen broker")
        later = told(stack, folder, "status")
        found = {each["what"]: each for each in told(stack, folder, "doctor")}

    assert refused.returncode == 1
    assert b"HARMONIA_REPLICATION is 4, but 3 brokers are up" in refused.stderr
    assert set(made["replicas"].values()) == {COUNT}
    assert set(made["replicas"]) == set(made["created"])

    assert alerts(well) == []
    assert well["kafka"]["replication"]["short"] == {}
    assert healthy["replicas"]["verdict"] == "ok"
    assert healthy["topics"]["verdict"] == "ok"

    assert "page" not in dict(alerts(at_once))
    [(severity, why)] = alerts(later)
    assert severity == "ticket"
    assert why.endswith("partitions lack a replica in sync: it flows, but one broker more may not fail")
    short = later["kafka"]["replication"]["short"]
    assert {"interactions", "__consumer_offsets"} <= short.keys()
    assert later["kafka"]["replication"]["at_the_edge"] == sum(map(len, short.values()))
    assert found["replicas"]["verdict"] == "warn"
    assert "one broker more may not fail" in found["replicas"]["found"]
    assert found["brokers"]["found"].startswith("2 are up")
    assert "HARMONIA_REPLICATION" not in found["brokers"]["to_do"]
