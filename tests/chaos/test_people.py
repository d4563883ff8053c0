"""People known by several identifiers, in random order and on two workers: at the end exactly the right people."""

import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Literal, TypeAlias, get_args

import pytest
from kafka.errors import KafkaError

from events.identifiers import is_identity_hash
from events.topics import ALL, CONTACT_LINKS, CONTACT_STATE, SEGMENT_WORK
from sinks.keys import CONTACT, IDENTITY, contact_key, identity_key, position_key
from streams.demo import segments
from streams.demo.check import compare_profiles
from streams.demo.deployment import Deployment, counted
from streams.demo.publishing import publish
from streams.demo.read_back import profiles_in_redis
from streams.demo.recount_segments import Table
from streams.demo.truth import Publication
from streams.demo.workers import Workers
from tests.chaos.people import people
from tests.chaos.sayings import Outcome, Sayings, sayings
from tests.chaos.site import EXIT_FENCED, SESSION_TIMEOUT_S, Site
from tests.chaos.trials import NAMES, define, wrong_results
from tests.chaos.verdict import latest_in, wrongly_closed, wrongs
from tests.integration.members import told
from tests.integration.waiting import until

STILL_S, STUCK_S, PATIENCE_S = 2.0, 20.0, 1500.0
"""For how long nothing moves until it is looked at, and until what is wrong is; how long things may move at all."""
STILL_FOR_S = 5.0
AT_ONCE, PUBLISHED_AT_ONCE = 1_000, 10_000
Fault: TypeAlias = Literal["calm", "killed", "frozen"]


@dataclass(frozen=True)
class Size:
    interactions: int
    people: int
    couples: int


SMALL = Size(4_000, 500, 20)
FULL = Size(200_000, 20_000, 500)


@pytest.mark.short
def test_people_are_told_apart_and_put_together(site: Site, seed: int) -> None:
    play(site, seed, SMALL, "killed")


def test_whoever_adds_up_experiments_wakes_past_every_time_limit(site: Site, seed: int) -> None:
    play(site, seed, SMALL, "frozen")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", get_args(Fault))
def test_many_people_are_told_apart_and_put_together(site: Site, seed: int, fault: Fault) -> None:
    play(site, seed, FULL, fault)


def play(site: Site, seed: int, size: Size, fault: Fault) -> None:
    """Publish half, kill or freeze a worker if that is wanted, publish the rest; then lose all that is in Redis.

    Experiments and half of the segments are defined in the middle, so that all who were counted are counted anew.
    """
    rng, deployment, at = Random(seed), site.deployment, segments.moment_of_check()
    asked = segments.tables(at)
    said = sayings(rng, people(rng, size.people, size.couples), size.interactions, deployment.identify)
    outcome = said.outcome(deployment.identify)
    assert outcome.experiments.keys() == set(NAMES)
    team = {name: site.start(name) for name in ("one", "two")}
    half, most = len(said.publications) // 2, len(said.publications) * 3 // 4
    segments.define(deployment.producer, deployment.settings.partitions, asked[::2])
    publish_all(deployment, said.publications[:half])
    if fault == "killed":
        kill_in_the_middle(site, team, rng)
    with frozen_in_the_middle(site, team) if fault == "frozen" else nullcontext():
        define(deployment)
        segments.define(deployment.producer, deployment.settings.partitions, asked[1::2])
        publish_all(deployment, said.publications[half:most])
    publish_all(deployment, said.publications[most:])
    if fault == "killed":
        site.start(next(name for name, worker in team.items() if worker.process.poll() is not None))
    must_come_out(deployment, outcome)
    if fault == "frozen":
        assert all(worker.process.poll() in (None, EXIT_FENCED) for worker in team.values())
    assert_two_people_in_one_are_noticed(deployment, said)

    deployment.redis.flushall()
    until(lambda: deployment.redis.dbsize() > 0, "something in Redis again")
    must_come_out(deployment, outcome)
    must_be_in_segments(deployment, outcome, asked, at)
    site.must_be_as_told(outcome.profiles, set())


def must_be_in_segments(deployment: Deployment, outcome: Outcome, asked: Sequence[Table], at: datetime) -> None:
    """Every person, whatever was linked and unlinked, at a moment that is told to every partition; all agrees."""
    segments.state_the_time(deployment, at)
    meant = segments.memberships_of(outcome.people, deployment.identify, asked, at)
    found = segments.wrong_memberships(deployment, meant)
    assert not found, f"{len(found)} wrong, the first:\n" + "\n".join(map(str, found[:20]))
    changes = told(deployment.settings)
    changes.agree()
    causes = {change["cause"] for of_one in changes.changes.values() for change in of_one}
    assert causes >= {"interaction", "link", "merged", "defined"}


def publish_all(deployment: Deployment, publications: Sequence[Publication]) -> None:
    for start in range(0, len(publications), PUBLISHED_AT_ONCE):
        publish(deployment.producer, publications[start : start + PUBLISHED_AT_ONCE], lambda: None)


def kill_in_the_middle(site: Site, team: Mapping[str, Workers], rng: Random) -> None:
    """One of the two, while both are at work."""
    observer = site.deployment.observer
    until(lambda: observer.progress().in_sink > 0, "the first profiles")
    progress = observer.progress()
    assert progress.folded < progress.interactions or progress.taken_in < progress.received, "all is done already"
    victim = team[rng.choice(sorted(team))]
    os.killpg(victim.process.pid, signal.SIGKILL)
    assert victim.process.wait() == -signal.SIGKILL


@contextmanager
def frozen_in_the_middle(site: Site, team: Mapping[str, Workers]) -> Iterator[None]:
    """The one who adds up experiments, for the length of a block, until another one does and every limit is over.

    It may be fenced and end, or notice first that it is out of the group and join again. Neither may change a result.
    """
    frozen = until(lambda: next(filter(adds_up, team.values()), None), "results of experiments")
    os.kill(frozen.process.pid, signal.SIGSTOP)
    since = time.monotonic()
    yield
    [other] = (worker for worker in team.values() if worker is not frozen)
    until(lambda: adds_up(other), "a successor that adds up")
    until(lambda: time.monotonic() - since > 2.5 * SESSION_TIMEOUT_S, "the time limits")
    os.kill(frozen.process.pid, signal.SIGCONT)


def adds_up(worker: Workers) -> bool:
    return counted(worker.addresses, "harmonia_experiments") > 0


def must_come_out(deployment: Deployment, outcome: Outcome, erased: Collection[str] = ()) -> None:
    """Wait until all is as it must be, or nothing moves any more; raises `AssertionError` with what is wrong then."""
    found = until(Looking(deployment, outcome, erased).look, "all people as they must be", PATIENCE_S)[0]
    assert not found, f"{len(found)} wrong, the first:\n" + "\n".join(found[:20])


def wait_until_still(deployment: Deployment) -> None:
    """Return once nothing has moved for a while, whether it is right or not."""
    before: list[object] = []
    since = time.monotonic()

    def look() -> bool:
        nonlocal before, since
        if (now := _standing(deployment)) != before:
            before, since = now, time.monotonic()
        return time.monotonic() - since > STILL_FOR_S

    until(look, "a standstill", PATIENCE_S)


class Looking:
    """Looks once at each standstill, and longer apart where that was too early: reading everything takes long."""

    def __init__(self, deployment: Deployment, outcome: Outcome, erased: Collection[str]) -> None:
        self._deployment = deployment
        self._outcome = outcome
        self._erased = erased
        self._before: list[object] = []
        self._since = time.monotonic()
        self._still_s = STILL_S
        self._found: list[str] | None = None

    def look(self) -> tuple[list[str]] | None:
        try:
            now = _standing(self._deployment)
        except KafkaError:  # a broker that is only just back is late
            return None
        if now != self._before:
            if self._found is not None:
                self._still_s = min(2 * self._still_s, STUCK_S / 2)
            self._before, self._since, self._found = now, time.monotonic(), None
            return None
        still_for = time.monotonic() - self._since
        if still_for < self._still_s:
            return None
        if self._found is None:
            self._found = wrong_people(self._deployment, self._outcome, self._erased)
        return (self._found,) if not self._found or still_for > STUCK_S else None


def _standing(deployment: Deployment) -> list[object]:
    """The ends of all topics, and how far Redis is. In one of them time goes on, whether anything happens or not."""
    ends = deployment.observer.ends([topic.name for topic in ALL if topic.name != SEGMENT_WORK])
    places = [
        deployment.redis.hget(position_key(number, topic), "offset")
        for topic in (CONTACT_STATE, CONTACT_LINKS)
        for number in range(deployment.settings.partitions)
    ]
    return [*sorted(ends.items()), *places]


def wrong_people(deployment: Deployment, outcome: Outcome, erased: Collection[str] = ()) -> list[str]:
    """Whoever is not as they must be: in the table, in the topics, in Redis and its index."""
    links = {key: value["merged_into"] for key, value in latest_in(deployment, CONTACT_LINKS).items()}
    names = {name: name for name in outcome.profiles if is_identity_hash(name)}
    index = names | {name: roof for name, roof in outcome.merged.items() if is_identity_hash(name)}
    return [
        *wrongs(deployment, outcome.profiles, set(), erased),
        *wrong_results(deployment, outcome.experiments),
        *unlike("contact-links", outcome.merged, links),
        *wrongly_closed(deployment, outcome.closed, erased),
        *unlike("redis, merged_into", outcome.merged, merged_in_redis(deployment, erased)),
        *unlike("redis, identity", index, index_in_redis(deployment)),
    ]


def unlike(where: str, expected: Mapping[str, str], found: Mapping[str, object]) -> list[str]:
    return [
        f"{where}: {name} leads to {found.get(name)}, expected {expected.get(name)}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def merged_in_redis(deployment: Deployment, erased: Collection[str] = ()) -> dict[str, str]:
    """Whose mark Redis holds that they were absorbed, and by whom; a mark of any other kind leads to its name.

    Without those who were erased, of whom Redis keeps a mark that leads nowhere.
    """
    found: dict[str, str] = {}
    for names in _names_in_redis(deployment, CONTACT):
        pipeline = deployment.redis.pipeline(transaction=False)
        for name in names:
            pipeline.hmget(contact_key(name), "state", "merged_into")
        for name, (state, into) in zip(names, pipeline.execute(), strict=True):
            if into is not None or (state is None and name not in erased):
                found[name] = into.decode() if into is not None else "no profile and no survivor"
    return found


def index_in_redis(deployment: Deployment) -> dict[str, str]:
    """Where each hashed identifier leads."""
    found: dict[str, str] = {}
    for names in _names_in_redis(deployment, IDENTITY):
        pipeline = deployment.redis.pipeline(transaction=False)
        for name in names:
            pipeline.get(identity_key(name))
        values = zip(names, pipeline.execute(), strict=True)
        found.update((name, value.decode()) for name, value in values if value is not None)
    return found


def _names_in_redis(deployment: Deployment, prefix: str) -> list[list[str]]:
    keys = deployment.redis.scan_iter(match=f"{prefix}*", count=AT_ONCE)
    names = sorted({key.decode().removeprefix(prefix) for key in keys})
    return [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]


def assert_two_people_in_one_are_noticed(deployment: Deployment, said: Sayings) -> None:
    """The verdict can fail: here the truth has one interaction at somebody else's."""
    one, other = (person.strongest for person in said.who.everyone[:2])
    records = {**said.records, one: said.records[one][1:], other: [*said.records[other], said.records[one][0]]}
    untrue = Sayings(said.publications, records, said.who).outcome(deployment.identify)
    assert compare_profiles(untrue.profiles, profiles_in_redis(deployment.redis), "redis")
