"""People on three brokers, with links, erasures, segments and experiments: exact through every fault of a broker."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from events.topics import CONTACT_STATE
from streams.demo import segments
from streams.demo.encoding import attributes, body, encode, key
from streams.demo.read_back import records_of
from streams.demo.script import Script
from streams.demo.source_system import DAY, SourceSystem, TimeFormat
from streams.demo.truth import ContactFields, Publication, Sent
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from tests.chaos.broker_faults import FAULTS, MAY_END_WORKERS, Scene, until_well
from tests.chaos.conftest import SEEDS, STANDSTILL
from tests.chaos.load import Load, load
from tests.chaos.people import people
from tests.chaos.sayings import LAST, Sayings, sayings
from tests.chaos.site import EXIT_FENCED, Site, open_site
from tests.chaos.test_people import must_be_in_segments, must_come_out
from tests.chaos.three_brokers import COUNT, Cluster, three_brokers
from tests.chaos.trials import define
from tests.chaos.workers import COMMAND, SUPERVISED

SHORT = {"leader-killed", "group-coordinator-frozen-25s"}
IS_SHORT = not SEEDS
INTERACTIONS, PEOPLE, COUPLES, ERASED = (2_000, 250, 10, 20) if IS_SHORT else (6_000, 700, 30, 60)
AT_ONCE = 4 if IS_SHORT else 2
"""Records in a slice of the load, of which there are 25 a second, so that it lasts longer than each fault."""
SHORTER = 0.4 if IS_SHORT else 1.0
ENDED = re.compile(r"ended with exit code (-?\d+); starting it again")
PROGRAM = SUPERVISED if IS_SHORT else COMMAND
"""In the short part other tests share the machine: a worker without CPU for a session is fenced, and starts anew."""


@pytest.fixture(scope="module")
def cluster_and_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Stack]]:
    with three_brokers(tmp_path_factory.mktemp("three") / "stack") as made:
        yield made


@pytest.fixture
def cluster_and_site(cluster_and_stack: tuple[Cluster, Stack], tmp_path: Path) -> Iterator[tuple[Cluster, Site]]:
    cluster, stack = cluster_and_stack
    with open_site(cluster.home, stack, tmp_path, replication=COUNT) as site:
        until_well(cluster, site)
        yield cluster, site


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=[pytest.mark.short] if name in SHORT else []) for name in FAULTS]
)
def test_people_are_exact_through_a_fault_of_brokers(
    cluster_and_site: tuple[Cluster, Site], seed: int, fault: str, record_property: Callable[[str, object], None]
) -> None:
    """No worker ends, except where two brokers are down; in the short part one that is fenced starts anew."""
    (cluster, site), rng, at = cluster_and_site, Random(seed), segments.moment_of_check()
    deployment, asked = site.deployment, segments.tables(at)
    said = sayings(rng, people(rng, PEOPLE, COUPLES), INTERACTIONS, deployment.identify)
    outcome = said.outcome(deployment.identify)
    script = Script(with_erased(rng, said), [])
    erased = {deployment.identify(erased_contact(number)) for number in range(ERASED)}
    segments.define(deployment.producer, deployment.settings.partitions, asked[::2])
    with load(deployment, script, at_once=AT_ONCE) as running:
        workers = {name: site.start(name, program=PROGRAM) for name in ("one", "two")}
        scene = Scene(cluster, site, running, workers, SHORTER)
        define(deployment)
        running.until_folded(rng.randrange(100, 300))
        segments.define(deployment.producer, deployment.settings.partitions, asked[1::2])
        FAULTS[fault](scene)
        running.until_folded(50)
        assert_workers_run(scene, fault)
        record_property(STANDSTILL, standstill(site))
        publish_the_rest(running, script)
        must_come_out(deployment, outcome, erased)
        must_be_in_segments(deployment, outcome, asked, at)
        assert_workers_run(scene, fault)
        site.must_be_as_told(outcome.profiles, set(), erased)


def with_erased(rng: Random, said: Sayings) -> list[Publication]:
    """What is said, and people besides who are heard of in its first half, and erased before its end."""
    found = list(said.publications)
    for number in range(ERASED):
        contact = erased_contact(number)
        mailer = SourceSystem(rng, "digital/mailer", "email-events", TimeFormat.MILLISECONDS)
        desk = SourceSystem(rng, "office/desk", "contact-commands", TimeFormat.MILLISECONDS)
        sent = [mailer.say("email.opened", LAST, contact, {"message_id": f"e-{place}"}).sent for place in range(3)]
        for one in sent:
            found.insert(rng.randrange(len(said.publications) // 2), publication(rng, one))
        erasure = desk.say("contact.erased", LAST + 60 * DAY, contact, {}).sent
        found.insert(rng.randrange(len(found) * 7 // 10, len(found) * 8 // 10), publication(rng, erasure))
    return found


def erased_contact(number: int) -> ContactFields:
    return {"external": {"van": f"erased-{number}"}}


def publication(rng: Random, sent: Sent) -> Publication:
    value, headers = encode(attributes(sent), body(sent), rng)
    return Publication(sent.topic, key(sent, rng), value, headers, sent, "first", False, None)


def publish_the_rest(running: Load, script: Script) -> None:
    """At once, but for erasures, which come when all that was said before is folded."""
    erased = [place for place, one in enumerate(script.publications) if one.sent.type == "contact.erased"]
    running.until(lambda: True if running.count > erased[-1] else None, "all erasures")
    running.publish_the_rest()


def assert_workers_run(scene: Scene, fault: str) -> None:
    codes = {name: worker.process.poll() for name, worker in scene.workers.items()}
    allowed = {None, EXIT_FENCED} if fault in MAY_END_WORKERS else {None}
    assert set(codes.values()) <= allowed, f"workers ended: {codes}"
    started_again = {int(code) for one in scene.workers.values() for code in ENDED.findall(one.log.read_text())}
    assert started_again <= {EXIT_FENCED}


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
