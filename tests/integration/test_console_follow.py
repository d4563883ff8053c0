"""`harmonia console follow` on a real Kafka: whoever is killed, the desk equals the topics."""

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka.admin import NewPartitions

from events.times import render_time
from events.topics import CONTACT_LINKS, CONTACT_STATE, CONTACT_SUPPRESSIONS, INTERACTIONS, SYSTEM_ALERTS
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics
from streams.services.console import desk_notices as notices
from streams.services.console import desk_people as people
from streams.services.console import desk_reading as reading
from streams.services.console.desk import Desk, DeskMissing
from streams.services.console.desk_batches import Limits
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_retention import let_go
from streams.services.console.desk_schema import FOLLOWED
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.follow import describe_topics
from streams.services.console.follow_metrics import FollowMetrics
from streams.services.console.following import Follower
from streams.worker.app import wall_clock
from tests.integration.command import harmonia_process, on, refused
from tests.integration.follow_process import following
from tests.integration.system import ask
from tests.integration.waiting import PATIENCE_S, until

PARTITIONS = 3
ALL = Everything()
PEOPLE = [f"van.{number}" for number in range(40)]
ERASED = "email:0123456789abcdef0123456789abcdef"
DAY_MS = 86_400_000


class Sayer:
    """Writes to the topics, and remembers what the desk has to say of it: each (source, id) once."""

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaClients(settings).tool_producer()
        self._chance = random.Random(12)
        self.gifts: dict[str, int] = {}
        self.reports: Counter[str] = Counter()
        self._number = 0

    def tell(self, count: int) -> None:
        """So many interactions, every fourth of them said twice."""
        for _ in range(count):
            self._number += 1
            who = self._chance.choice(PEOPLE)
            if self._chance.random() < 0.5:
                amount = self._chance.randrange(100, 9_000)
                gift = {"donation_id": f"a:{self._number}", "amount": amount, "currency": "USD", "committee": "C1"}
                self.gifts[f"g{self._number}"] = amount
                value = interaction(who, f"g{self._number}", "donation.made", gift)
            else:
                region = self._chance.choice(["US-OH", "US-PA"])
                self.reports[region] += 1
                report = {"method": "door", "outcome": "contacted", "turf": "t1"}
                value = interaction(who, f"r{self._number}", "canvass.reported", report, region)
            for _ in range(2 if self._number % 4 == 0 else 1):
                self._producer.send(INTERACTIONS, value, who.encode())
        self._producer.flush()

    def send(self, topic: str, key: str, value: Mapping[str, Any] | None, *headers: tuple[str, bytes]) -> None:
        said = None if value is None else orjson.dumps(value)
        self._producer.send(topic, said, key.encode(), headers=list(headers)).get(20)

    def interaction(self, who: str, id_: str, type_: str, data: Mapping[str, Any]) -> None:
        self._producer.send(INTERACTIONS, interaction(who, id_, type_, data), who.encode()).get(20)

    def close(self) -> None:
        self._producer.close()


def interaction(who: str, id_: str, type_: str, data: Mapping[str, Any], region: str = "US-OH") -> bytes:
    contact = {"email": who} if who.startswith("email:") else {"contact_id": who}
    event = {"specversion": "1.0", "id": id_, "source": "test/desk", "type": type_, "time": render_time(wall_clock())}
    return orjson.dumps({**event, "data": {**data, "team": "test", "contact": {**contact, "region": region}}})


@pytest.fixture(scope="module")
def sayer(settings: Settings) -> Iterator[Sayer]:
    made = Sayer(settings)
    yield made
    made.close()


def today() -> Span:
    return Span(wall_clock() - DAY_MS, wall_clock() + DAY_MS)


def figures(path: Path) -> dict[str, reading.Figures]:
    """By type what the desk has; nothing while there is none."""
    try:
        desk = Desk.open(path)
    except DeskMissing:
        return {}
    try:
        return {group.values[0]: group.figures for group in reading.figures_by(desk, today(), ALL)}
    except sqlite3.Error:
        return {}
    finally:
        desk.close()


def gifts_in(path: Path) -> int:
    return figures(path).get("donation.made", reading.Figures()).happened


def until_gifts(path: Path, least: int) -> None:
    until(lambda: gifts_in(path) >= least, "some gifts")


def has_all(path: Path, sayer: Sayer) -> bool:
    found = figures(path)
    gifts, reports = found.get("donation.made", reading.Figures()), found.get("canvass.reported", reading.Figures())
    return (gifts.happened, reports.happened) == (len(sayer.gifts), sayer.reports.total())


def test_the_desk_equals_the_topic_whoever_is_killed(
    own_stack: Stack, settings: Settings, sayer: Sayer, tmp_path: Path
) -> None:
    path = tmp_path / "desk.sqlite"
    environment = on(own_stack, HARMONIA_DESK=str(path))
    chance = random.Random(5)
    for number in range(2):
        enough = gifts_in(path) + chance.randrange(1, 300)
        with following(tmp_path, f"killed-{number}", environment) as process:
            sayer.tell(1_500)
            until_gifts(path, enough)
            process.kill()
    with following(tmp_path, "last", environment) as process:
        sayer.tell(500)
        until(lambda: has_all(path, sayer), "every gift and report once")
        ready = process.metrics.replace("/metrics", "/readyz")
        until(lambda: ask(ready) == (200, "ready\n"), "it is ready")
        said = refused(harmonia_process(tmp_path, "console", "follow", environment=environment))
        assert "another process writes" in said
        process.end()
    found = figures(path)
    assert found["donation.made"].amounts == {"USD": sum(sayer.gifts.values())}
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    desk = Desk.open(path)
    assert {each.region: each.attempts for each in reading.regions(desk, today(), ALL)} == sayer.reports
    assert sum(each.people or 0 for each in reading.regions(desk, today(), ALL)) >= len(PEOPLE)
    freshness = reading.freshness(desk, wall_clock())
    assert {freshness[topic].complete for topic in FOLLOWED} == {True}
    desk.close()


def test_whoever_is_erased_is_gone_from_the_bytes_of_the_desk(own_stack: Stack, sayer: Sayer, tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    with following(tmp_path, "follow", on(own_stack, HARMONIA_DESK=str(path))):
        sayer.send(CONTACT_STATE, ERASED, {"version": 1, "zones": {"region": "US-OH"}}, ("version", b"1"))
        sayer.send(CONTACT_LINKS, "voter:99999999999999999999999999999999", {"merged_into": ERASED})
        sayer.interaction(ERASED, "opened", "email.opened", {"message_id": "m1"})
        sayer.interaction(ERASED, "gift", "donation.made", {"donation_id": "z:1", "amount": 500, "currency": "USD"})
        sayer.gifts["z"] = 500

        def known() -> bool:
            try:
                desk = Desk.open(path)
            except DeskMissing:
                return False
            found = people.events_of(desk, ERASED, 0, ALL)
            desk.close()
            return len(found) == 2

        until(known, "both interactions")
        assert holds(path, ERASED)
        at = render_time(wall_clock())
        closed = {"reason": "erased", "since": at, "source": "test", "id": "e"}
        sayer.send(CONTACT_STATE, ERASED, None, ("version", b"2"), ("reason", b"erased"))
        sayer.send(CONTACT_LINKS, "voter:99999999999999999999999999999999", None)
        sayer.send(CONTACT_SUPPRESSIONS, ERASED, dict.fromkeys(("email", "text"), closed))
        sayer.send(CONTACT_SUPPRESSIONS, "voter:99999999999999999999999999999999", dict.fromkeys(("email",), closed))
        until(lambda: not holds(path, ERASED) and not holds(path, "voter:9999"), "no byte of either name")
        until(lambda: has_all(path, sayer), "the gift stays in the sums")
        assert "email.opened" not in figures(path)


def test_after_a_crash_that_forgot_an_erasure_a_copy_without_it_takes_the_place_of_the_desk(
    own_stack: Stack, sayer: Sayer, tmp_path: Path
) -> None:
    path = tmp_path / "desk.sqlite"
    environment = on(own_stack, HARMONIA_DESK=str(path))
    with following(tmp_path, "before", environment) as process:
        until(lambda: has_all(path, sayer), "everything")
        process.end()
    forget_an_erasure(path, FORGOTTEN)
    before = path.stat().st_ino
    with following(tmp_path, "after", environment) as process:

        def is_another() -> bool:
            sayer.tell(50)
            return path.stat().st_ino != before

        until(is_another, "another file in the desk's place")
        until(lambda: has_all(path, sayer), "everything that was said meanwhile")
        assert not holds(path, FORGOTTEN)
        prefix = own_stack.environment["HARMONIA_TOPIC_PREFIX"]
        unwiped = f'harmonia_desk_unwiped{{deployment="{prefix}"}} 0.0'
        until(lambda: unwiped in ask(process.metrics)[1], "nothing is left to be wiped")
        process.end()
    assert {file.name for file in tmp_path.iterdir() if ".new" in file.name} == set()
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


FORGOTTEN = "email:fedcba9876543210fedcba9876543210"


def forget_an_erasure(path: Path, name: str) -> None:
    """Leave a desk as a crash does that came between an erasure and the wiping of its bytes."""
    desk = Desk.create(path)
    desk.set_meta("wipe", 1)
    desk.run("PRAGMA wal_checkpoint(TRUNCATE)")
    [page_size] = desk.one("PRAGMA page_size") or (0,)
    [page] = desk.one("SELECT rootpage FROM sqlite_schema WHERE name = 'closed'") or (0,)
    desk.close()
    held = bytearray(path.read_bytes())
    gap = held.index(b"\0" * 64, (page - 1) * page_size + 100)
    held[gap + 8 : gap + 8 + len(name)] = name.encode()
    path.write_bytes(held)


def holds(path: Path, name: str) -> bool:
    files = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
    return any(name.encode() in file.read_bytes() for file in files if file.exists())


def test_a_topic_that_is_made_anew_or_grows_is_followed_on(
    own_stack: Stack, settings: Settings, sayer: Sayer, tmp_path: Path
) -> None:
    path = tmp_path / "desk.sqlite"
    with following(tmp_path, "follow", on(own_stack, HARMONIA_DESK=str(path))) as process:
        sayer.send(CONTACT_STATE, "van.gone", {"version": 1}, ("version", b"1"))
        sayer.send(CONTACT_STATE, "van.there", {"version": 1}, ("version", b"1"))
        until(lambda: names(path) >= {"van.gone", "van.there"}, "both people")
        until(lambda: has_all(path, sayer), "everything")
        make_anew(settings, CONTACT_STATE)
        sayer.send(CONTACT_STATE, "van.there", {"version": 2}, ("version", b"2"))
        sayer.tell(100)
        for number in range(30):
            alert = {"alert_id": f"x{number}", "rule": "r", "subject": "s", "at": render_time(wall_clock())}
            sayer.send(SYSTEM_ALERTS, f"s{number}", {**alert, "detail": "", "evidence": []})
        until(lambda: names(path) == {"van.there"}, "only who is in the new topic")
        until(lambda: alerts_in(path) == 30, "alerts of every partition")
        until(lambda: has_all(path, sayer), "everything")
        process.end()


def make_anew(settings: Settings, topic: str) -> None:
    """Delete a topic and make it again; and give another one more partitions."""
    clients = KafkaClients(settings)
    admin = clients.admin()
    admin.delete_topics([topic])
    until(lambda: not len(clients.partitions_of(topic)), "the topic is deleted")
    create_topics(admin, settings)
    until(lambda: len(clients.partitions_of(topic)) == PARTITIONS, "the topic is there again")
    admin.create_partitions({SYSTEM_ALERTS: NewPartitions(PARTITIONS + 2)})
    admin.close()


def names(path: Path) -> set[str]:
    try:
        desk = Desk.open(path)
    except DeskMissing:
        return set()
    found = {person.contact_id for person in people.people(desk, "all", ALL)}
    desk.close()
    return found


def alerts_in(path: Path) -> int:
    desk = Desk.open(path)
    found = notices.alerts(desk, today(), ALL)
    desk.close()
    return len(found)


async def test_what_was_let_go_of_is_not_counted_again_where_the_broker_has_lost_records(
    settings: Settings, sayer: Sayer, tmp_path: Path
) -> None:
    desk = Desk.create(tmp_path / "desk.sqlite")
    sayer.tell(40)
    writer = await followed_to_the_end(settings, desk)
    told = reading.figures_by(desk, today(), ALL)
    assert sum(step.events for step in let_go(writer, Limits(), wall_clock() + 3 * DAY_MS)) > 0
    desk.run("UPDATE positions SET next = next + 1000, ends = ends + 1000 WHERE topic = ?", (INTERACTIONS,))
    await followed_to_the_end(settings, desk)
    assert reading.figures_by(desk, today(), ALL) == told
    desk.close()


async def followed_to_the_end(settings: Settings, desk: Desk) -> DeskWriter:
    """Read all that there is into a desk."""
    writer = DeskWriter(desk, Limits())
    consumer = KafkaClients(settings).reader(wait_ms=100)
    await consumer.start()
    try:
        follower = Follower(consumer, writer, Limits(), FollowMetrics(), set())
        await follower.begin(await asyncio.to_thread(describe_topics, settings), wall_clock())
        async with asyncio.timeout(PATIENCE_S):
            while follower.behind:
                await follower.step()
    finally:
        await consumer.stop()
    return writer


def test_without_a_desk_or_topics_it_says_what_to_do(own_stack: Stack, tmp_path: Path) -> None:
    said = refused(harmonia_process(tmp_path, "console", "follow", environment=on(own_stack)))
    assert "HARMONIA_DESK is not set" in said
