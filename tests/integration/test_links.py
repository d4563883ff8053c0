"""Two workers on a real Kafka: one of them owns all links, and when it dies the other one goes on where it was."""

import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from kafka import KafkaProducer

from events.identity_links import (
    CommandStamp,
    EdgeEnd,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    LinkDecision,
    decision_on,
    edge_between,
    read_canonical_id,
    write_link,
)
from events.topics import CONTACT_ROOFS, IDENTITY_LINKS
from sinks.keys import partition_of
from streams.demo.deployment import Deployment, open_deployment
from streams.demo.workers import Workers, start_workers
from streams.domain.identity import resolve
from streams.local.stack import Stack
from tests.integration.system import ask, environment_of_worker, sample, settings_of
from tests.integration.tap import Kept, tapped
from tests.integration.waiting import until
from tests.property.domain.identity.graphs import edge, hashed, ruling

CROWD = 50
PEOPLE = 400
owns = re.compile(rf'^harmonia_lag_records{{[^}}]*topic="{IDENTITY_LINKS}"}}', re.MULTILINE).search
Team = dict[str, Workers]


@pytest.fixture(scope="module")
def links() -> list[IdentityLink]:
    """People of one to four identifiers, couples among them, and commands on some."""
    told: list[IdentityLink] = []
    for number in range(PEOPLE):
        voter, mail = hashed("voter", number), hashed("email", number)
        household = hashed("phone", number // 2)
        told += [_voted(voter, mail), _voted(voter, household)][: number % 4]
        if number % 10 == 0:
            told += [edge(f"contact-{number}", f"contact-{number}", mail), ruling("contact-0", voter, same=True)]
        if number % 20 == 0:
            told.append(ruling("contact-0", voter, same=False))
    return told


def _voted(voter: str, other: str) -> IdentityEdge:
    return edge_between(voter, EdgeEnd(voter, "voter:NY"), EdgeEnd(other))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("links")


@pytest.fixture(scope="module")
def deployment(own_stack: Stack) -> Iterator[Deployment]:
    with open_deployment(settings_of(own_stack)) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def team(own_stack: Stack, deployment: Deployment, home: Path) -> Iterator[Team]:
    """Two workers, with state directories of their own; the last test kills one."""
    with ExitStack() as stopping:
        team: Team = {}
        for name in ("one", "two"):
            environment = environment_of_worker(own_stack, home / name)
            team[name] = start_workers(environment, home / f"{name}.log")
            stopping.callback(team[name].stop)
        yield team


def owner(team: Mapping[str, Workers]) -> str:
    """Who owns the links, once that is one of them and all are ready."""

    def look() -> str | None:
        owners = [name for name, workers in team.items() if owns(ask(workers.addresses[0])[1])]
        ready = all(ask(each.addresses[0].replace("/metrics", "/readyz"))[0] == 200 for each in team.values())
        return owners[0] if ready and len(owners) == 1 else None

    return until(look, "one owner of the links")


def tell(producer: KafkaProducer, links: list[IdentityLink]) -> None:
    for link in links:
        key, value = write_link(link)
        producer.send(IDENTITY_LINKS, value, key)
    producer.flush()


def roofs_in(records: Kept, partitions: int) -> dict[str, str]:
    """The roof of each node that is not its own, as a reader knows it; in the right partition, no version twice."""
    roofs: dict[str, str | None] = {}
    versions: dict[str, int] = {}
    for record in records:
        told = read_canonical_id(record.key, record.value)
        assert isinstance(told, tuple)
        node, roof = told
        version = int(dict(record.headers)["version"] or b"")
        assert version > versions.get(node, -1)
        assert record.partition == partition_of(node, partitions)
        roofs[node], versions[node] = None if roof is None else roof.roof, version
    return {node: roof for node, roof in roofs.items() if roof not in (None, node)}


def test_an_erasure_that_has_to_wait_for_a_class_is_carried_out(team: Team, deployment: Deployment) -> None:
    """One who was never heard of is asked and answers. Whoever begins to find roofs asks what may be overdue."""
    owning = team[owner(team)]
    until(
        lambda: sample(owning.addresses[0], "harmonia_identity_links_total", kind="overdue") > 0,
        "a record that has overdue questions put again, from one who has folded nothing yet",
    )
    asked, voter, mail = hashed("voter", 20_001), hashed("voter", 20_000), hashed("email", 20_000)
    by = CommandStamp(9, "office", "e-1")
    with tapped(deployment.settings, CONTACT_ROOFS) as roofs:
        linked = decision_on(mail, asked, same=True, by=by)
        tell(deployment.producer, [_voted(voter, mail), linked, FragmentErasure(mail, by.time, by.source, by.id)])
        roofs.until(lambda kept: erased_by(by, kept) == {asked, voter, mail}, "everybody erased")


def erased_by(by: CommandStamp, records: Kept) -> set[str]:
    """Who was told of this erasure."""
    read = [read_canonical_id(record.key, record.value) for record in records]
    told = [one for one in read if isinstance(one, tuple)]
    return {node for node, roof in told if roof is not None and roof.erased == by}


def test_what_is_no_record_of_ours_stops_nothing(team: Team, deployment: Deployment) -> None:
    owning = team[owner(team)]
    refused = sample(owning.addresses[0], "harmonia_identity_links_total", kind="refused")
    with tapped(deployment.settings, CONTACT_ROOFS) as roofs:
        deployment.producer.send(IDENTITY_LINKS, b"{", b"seen/nobody")
        tell(deployment.producer, [edge("last", "last", hashed("email", 10_000))])
        roofs.of(CONTACT_ROOFS, hashed("email", 10_000).encode())
    until(
        lambda: sample(owning.addresses[0], "harmonia_identity_links_total", kind="refused") == refused + 1,
        "the refused record counted",
    )
    assert "nobody" not in owning.log.read_text()


def test_when_the_owner_of_the_links_is_killed_the_other_worker_goes_on(
    team: Team, deployment: Deployment, links: list[IdentityLink]
) -> None:
    """The last of this file."""
    edges = [link for link in links if isinstance(link, IdentityEdge)]
    found = resolve(edges, [link for link in links if isinstance(link, LinkDecision)], CROWD).roofs
    expected = {name: roof for name, roof in found.items() if name != roof}
    half = len(links) // 2
    partitions = deployment.settings.partitions

    with tapped(deployment.settings, CONTACT_ROOFS) as roofs:
        first = owner(team)
        tell(deployment.producer, links[:half])
        roofs.until(lambda kept: len(kept) > 50, "the first roofs")
        os.killpg(team[first].process.pid, signal.SIGKILL)
        tell(deployment.producer, links[half:])
        roofs.until(lambda kept: roofs_in(kept, partitions) == expected, "all roofs, from the other worker")

    [left] = [name for name in team if name != first]
    assert owner({left: team[left]}) == left
    assert sample(team[left].addresses[0], "harmonia_identity_links_total", kind="refused") == 0
