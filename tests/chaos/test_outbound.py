"""The processes that tell others what comes out, under load: killed and frozen, or with destinations that are dead.

PostgreSQL and endpoints hear of all, and whoever does not answer holds up nobody else.
"""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest

from events.topics import (
    CONTACT_ALERTS,
    CONTACT_LINKS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    DELIVERIES,
    DELIVERY_LOG,
    SEGMENT_CHANGES,
    SYSTEM_ALERTS,
)
from streams.demo import segments
from streams.demo.script import Script
from streams.domain.delivery.endpoints import USUAL_CAUSES
from streams.domain.delivery.signing import webhook_id
from streams.local.postgres import PostgresServer, running_postgres
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.services.deliver.endpoint_worker import AT_ONCE
from streams.services.postgres.connectors import TOPICS
from tests.chaos.load import load
from tests.chaos.script import small_script
from tests.chaos.site import EXIT_FENCED, PARTITIONS, Site
from tests.integration.delivering import NETWORK, SECRET, in_order, stored, waits_of, webhook
from tests.integration.hostile_receiver import Manner, Receiver, listening
from tests.integration.serving_process import ServingProcess, started
from tests.integration.waiting import until

ADDRESS, DEAD = "127.85.0.10", "127.85.0.11"
COMMANDS = {"deliver": ["deliver"], "postgres": ["sink", "postgres"]}
TOLD = (CONTACT_ALERTS, CONTACT_SUPPRESSIONS, SEGMENT_CHANGES, SYSTEM_ALERTS)
HARMS = 8
DONATIONS = 500
"""Of the script where nobody is harmed: a good 1,300 records."""


class Outbound:
    """Both commands, each as the process of it that was started last, and those that were frozen."""

    def __init__(self, running: ExitStack, folder: Path, environment: Mapping[str, str]) -> None:
        self._running = running
        self._folder = folder
        self._environment = environment
        self._current: dict[str, ServingProcess] = {}
        self._frozen: list[tuple[str, ServingProcess]] = []
        self._count = 0

    def start(self, name: str) -> None:
        self._count += 1
        log = self._folder / f"{name}-{self._count}.log"
        self._current[name] = self._running.enter_context(started(COMMANDS[name], log, self._environment, name))

    def harm(self, name: str, harm: str) -> None:
        victim = self._current[name]
        assert victim.metrics
        if harm == "kill":
            victim.kill()
        else:
            victim.process.send_signal(signal.SIGSTOP)
            self._frozen.append((name, victim))
        self.start(name)

    def thaw(self) -> None:
        """Have the frozen ones go on: of two that deliver the one ends that has opened the journal first."""
        for name, process in self._frozen:
            process.process.send_signal(signal.SIGCONT)
            if name == "deliver":
                self._current[name] = the_one_that_stays(process, self._current[name])
        self._frozen.clear()

    def end(self) -> None:
        for process in self._current.values():
            process.end()


def the_one_that_stays(one: ServingProcess, other: ServingProcess) -> ServingProcess:
    """Of two the one that the other has made way for; it may have been frozen before it opened the journal."""
    stays = {one: other, other: one}
    ended = until(lambda: next((each for each in stays if each.process.poll() is not None), None), "an end")
    assert ended.process.returncode == EXIT_FENCED, ended.log.read_text()
    return stays[ended]


def test_whoever_is_killed_or_frozen_postgres_and_endpoints_hear_of_all(
    site: Site, script: Script, seed: int, tmp_path: Path
) -> None:
    rng, settings = Random(seed), site.deployment.settings
    harms = [(name, harm) for name in COMMANDS for harm in ("kill", "freeze")] * (HARMS // 4)
    rng.shuffle(harms)

    def moody(_id: str, _message: dict[str, Any], before: int) -> Manner:
        manners: list[Manner] = ["error", "drop", "lose", *["well"] * 20]  # type: ignore[list-item]
        return rng.choice(manners) if before == 0 else "well"

    receiver, trusted = Receiver(SECRET, moody), tmp_path / "ca.pem"
    asked = segments.tables(segments.moment_of_check())
    segments.define(site.deployment.producer, settings.partitions, asked)
    site.start("one")
    with ExitStack() as running:
        database = running.enter_context(running_postgres())
        running.enter_context(listening({ADDRESS: receiver}, trusted))
        environment = environment_of(settings, tmp_path, trusted, database, {"crm": ADDRESS})
        outbound = Outbound(running, tmp_path, environment)
        for name in COMMANDS:
            outbound.start(name)
        under_load = running.enter_context(load(site.deployment, script))
        for name, harm in harms:
            under_load.until_folded(rng.randrange(50, 200))
            under_load.must_be_under_way()
            outbound.harm(name, harm)
            if rng.random() < 0.5:
                outbound.thaw()
        outbound.thaw()
        under_load.finish()

        places, erasures = what_is_to_be_told(settings, "crm")
        assert len(places) > 200
        until(lambda: places.keys() | erasures <= {each.id for each in receiver.taken}, "all of it")
        until(lambda: rows_of(database) == latest_values(settings), "PostgreSQL has it all")
        outbound.end()
    assert receiver.trouble == []
    assert in_order(receiver, places)
    for log in tmp_path.glob("*-*.log"):
        assert "Traceback" not in log.read_text(), log.read_text()


@pytest.mark.short
def test_a_frozen_postgres_and_an_endpoint_that_never_answers_hold_up_nobody_else(
    site: Site, seed: int, tmp_path: Path
) -> None:
    settings, script, trusted = site.deployment.settings, small_script(seed, DONATIONS), tmp_path / "ca.pem"
    dead, beside = Receiver(SECRET, lambda *_: "hang"), list[int]()

    def answers(*_: object) -> Manner:
        beside.append(dead.hanging)
        return "well"

    well, asked = Receiver(SECRET, answers), segments.tables(segments.moment_of_check())
    segments.define(site.deployment.producer, settings.partitions, asked)
    site.start("one")
    with ExitStack() as running:
        database = running.enter_context(running_postgres())
        running.enter_context(listening({ADDRESS: well, DEAD: dead}, trusted))
        environment = environment_of(settings, tmp_path, trusted, database, {"crm": ADDRESS, "dead": DEAD})
        outbound = Outbound(running, tmp_path, environment)
        outbound.start("postgres")
        under_load = running.enter_context(load(site.deployment, script))
        under_load.until_folded(400)
        under_load.pause()
        outbound.start("deliver")  # with much to tell to both endpoints
        until(lambda: dead.sent and rows_of(database), "both are asked that will be dead")
        database.freeze()

        under_load.finish()
        site.must_be_exact(under_load, script)
        places, erasures = what_is_to_be_told(settings, "crm")
        until(lambda: places.keys() | erasures <= {each.id for each in well.taken}, "all of it")
        assert database.is_frozen, "PostgreSQL stood still all the while"
        assert dead.taken == []
        assert len(places) > 200
        assert max(beside) == AT_ONCE, "one is told while all that may be under way to the other one is"
        assert len(dead.sent) < len(places) / 4, "who does not answer is asked less, and not who does"

        places_of_dead, erasures_of_dead = what_is_to_be_told(settings, "dead")
        due = places_of_dead.keys() | erasures_of_dead
        until(lambda: waits_of(settings, "dead").keys() == due, "all of it waits for who does not answer")
        until(lambda: is_left_alone(settings, "dead"), "who does not answer is left alone")

        database.thaw()
        until(lambda: rows_of(database) == latest_values(settings), "PostgreSQL has it all")
    assert well.trouble == dead.trouble == []
    assert in_order(well, places)
    fates = [orjson.loads(value) for _, value in stored(settings, DELIVERY_LOG)]
    told = {each["id"] for each in fates if each["endpoint"] == "crm" and each["fate"] == "delivered"}
    assert told == well.sent.keys() == places.keys() | erasures
    late = {each["id"] for each in fates if each["endpoint"] == "crm" and each["fate"] == "waiting"}
    assert {id_ for id_, times in well.sent.items() if times > 1} <= late, "once, but for an answer that came too late"
    of_dead = {(each["fate"], each["trouble"]) for each in fates if each["endpoint"] == "dead"}
    assert of_dead == {("waiting", "TimeoutError")}
    for file in tmp_path.glob("*-*.log"):
        assert "Traceback" not in file.read_text(), file.read_text()


def environment_of(
    settings: Settings, folder: Path, trusted: Path, database: PostgresServer, addresses: Mapping[str, str]
) -> dict[str, str]:
    """`addresses`: of the endpoints that are told."""
    endpoints, topics = folder / "endpoints.toml", ", ".join(f'"{topic}"' for topic in TOLD)
    endpoints.write_text("\n".join(webhook(name, at, "earliest", topics) for name, at in addresses.items()))
    return {
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "REDIS_URL": settings.redis_url,
        "HARMONIA_APP_ID": settings.app_id,
        "HARMONIA_PARTITIONS": str(PARTITIONS),
        "HARMONIA_SESSION_TIMEOUT_S": "6",
        "HARMONIA_POSTGRES": database.url,
        "HARMONIA_DELIVER": str(endpoints),
        "HARMONIA_DELIVER_PRIVATE": NETWORK,
        "HOOK_SECRET": SECRET,
        "SSL_CERT_FILE": str(trusted),
    }


def what_is_to_be_told(settings: Settings, endpoint: str) -> tuple[dict[str, tuple[str, str, int]], set[str]]:
    """The oracle: by id what is to be told of whom and where it stands, and the ids of erasures.

    Nothing is told of the time before an erasure, unless it was told before that.
    """
    consumer, found = KafkaClients(settings).tool_consumer(), dict[str, tuple[str, str, int]]()
    erased, forgotten = dict[str, int](), dict[str, str]()
    ids = {topic: each[0] for topic, each in KafkaClients(settings).describe_topics([*TOLD, CONTACT_STATE]).items()}
    for record in records_of(consumer, CONTACT_STATE):
        if ("reason", b"erased") in record.headers:
            name = record.key.decode()
            erased[name] = record.timestamp
            forgotten[name] = webhook_id(endpoint, ids[CONTACT_STATE], record.partition, record.offset)
    for topic in TOLD:
        for record in records_of(consumer, topic):
            name = record.key.decode()
            id_ = webhook_id(endpoint, ids[topic], record.partition, record.offset)
            cause = orjson.loads(record.value)["cause"] if topic == SEGMENT_CHANGES else ""
            if cause == "erased":
                forgotten[id_] = id_
            elif record.timestamp > erased.get(name, 0) and cause in ("", *USUAL_CAUSES):
                found[id_] = name, topic, record.offset
    consumer.close()
    return found, {*forgotten.values()}


def is_left_alone(settings: Settings, endpoint: str) -> bool:
    """Whether it is stored that nothing is sent to an endpoint for a while, since it does not answer."""
    [*_, status] = [value for key, value in stored(settings, DELIVERIES) if key == endpoint]
    return orjson.loads(status)["open_until"] is not None


Values = dict[tuple[str, int | None, str], Any]
"""By topic, partition and key; those of contacts are of no partition, since of each there is one."""
OF_CONTACTS = (CONTACT_STATE, CONTACT_LINKS)


def latest_values(settings: Settings) -> Values:
    """The last value of each key of all topics that PostgreSQL has, as a plain reader sees them."""
    consumer, found = KafkaClients(settings).tool_consumer(), Values()
    for topic in TOPICS:
        for record in records_of(consumer, topic):
            place = topic, None if topic in OF_CONTACTS else record.partition, record.key.decode()
            found.pop(place, None)
            if record.value is not None:
                found[place] = orjson.loads(record.value)
    consumer.close()
    return found


def rows_of(database: PostgresServer) -> Values:
    """The same as PostgreSQL shows it."""

    async def ask() -> Values:
        connection = await asyncpg.connect(database.url)
        try:
            contacts = await connection.fetch("SELECT contact_id, profile, version FROM harmonia.contacts")
            links = await connection.fetch("SELECT contact_id, merged_into FROM harmonia.contact_links")
            others = await connection.fetch("SELECT topic, part, key, value FROM harmonia.shown_records")
        finally:
            await connection.close()
        assert all(orjson.loads(profile)["version"] == version for _, profile, version in contacts)
        return {
            **{(CONTACT_STATE, None, name): orjson.loads(profile) for name, profile, _ in contacts},
            **{(CONTACT_LINKS, None, name): {"merged_into": survivor} for name, survivor in links},
            **{(topic, part, key): orjson.loads(value) for topic, part, key, value in others},
        }

    try:
        return asyncio.run(ask())
    except asyncpg.PostgresError:  # the schema is not there yet
        return {}
