"""The processes that tell others what comes out, killed and frozen under load: PostgreSQL and endpoints hear of all."""

import asyncio
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest

from events.topics import CONTACT_ALERTS, CONTACT_STATE, CONTACT_SUPPRESSIONS, SEGMENT_CHANGES, SYSTEM_ALERTS
from streams.demo import segments
from streams.demo.script import Script
from streams.domain.delivery.endpoints import USUAL_CAUSES
from streams.domain.delivery.signing import webhook_id
from streams.local.postgres import PostgresServer
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.chaos.load import load
from tests.chaos.site import EXIT_FENCED, PARTITIONS, Site
from tests.integration.delivering import NETWORK, SECRET, in_order, webhook
from tests.integration.hostile_receiver import Manner, Receiver, listening
from tests.integration.serving_process import ServingProcess, started
from tests.integration.waiting import until

pytestmark = pytest.mark.timeout(600)
ADDRESS = "127.85.0.9"
COMMANDS = {"deliver": ["deliver"], "postgres": ["sink", "postgres"]}
TOLD = (CONTACT_ALERTS, CONTACT_SUPPRESSIONS, SEGMENT_CHANGES, SYSTEM_ALERTS)
HARMS = 8
PATIENCE_S = 150


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
    ended = until(lambda: next((each for each in stays if each.process.poll() is not None), None), "an end", PATIENCE_S)
    assert ended.process.returncode == EXIT_FENCED, ended.log.read_text()
    return stays[ended]


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


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
        database = running.enter_context(postgres())
        running.enter_context(listening({ADDRESS: receiver}, trusted))
        outbound = Outbound(running, tmp_path, environment_of(settings, tmp_path, trusted, database))
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

        places, erasures = what_is_to_be_told(settings)
        assert len(places) > 200
        until(lambda: places.keys() | erasures <= {each.id for each in receiver.taken}, "all of it", PATIENCE_S)
        wanted = living(settings)
        until(lambda: contacts_of(database) == wanted, "PostgreSQL has them all", PATIENCE_S)
        outbound.end()
    assert receiver.trouble == []
    assert in_order(receiver, places)
    for log in tmp_path.glob("*-*.log"):
        assert "Traceback" not in log.read_text(), log.read_text()


def environment_of(settings: Settings, folder: Path, trusted: Path, database: PostgresServer) -> dict[str, str]:
    endpoints = folder / "endpoints.toml"
    endpoints.write_text(webhook("crm", ADDRESS, "earliest", ", ".join(f'"{topic}"' for topic in TOLD)))
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


def what_is_to_be_told(settings: Settings) -> tuple[dict[str, tuple[str, str, int]], set[str]]:
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
            forgotten[name] = webhook_id("crm", ids[CONTACT_STATE], record.partition, record.offset)
    for topic in TOLD:
        for record in records_of(consumer, topic):
            name = record.key.decode()
            id_ = webhook_id("crm", ids[topic], record.partition, record.offset)
            cause = orjson.loads(record.value)["cause"] if topic == SEGMENT_CHANGES else ""
            if cause == "erased":
                forgotten[id_] = id_
            elif record.timestamp > erased.get(name, 0) and cause in ("", *USUAL_CAUSES):
                found[id_] = name, topic, record.offset
    consumer.close()
    return found, {*forgotten.values()}


def living(settings: Settings) -> dict[str, int]:
    """The version of each profile that is there, as a plain reader of the topic sees it."""
    consumer, found = KafkaClients(settings).tool_consumer(), dict[str, int]()
    for record in records_of(consumer, CONTACT_STATE):
        found.pop(record.key.decode(), None)
        if record.value is not None:
            found[record.key.decode()] = orjson.loads(record.value)["version"]
    consumer.close()
    return found


def contacts_of(database: PostgresServer) -> dict[str, int]:
    async def ask() -> dict[str, int]:
        connection = await asyncpg.connect(database.url)
        try:
            rows = await connection.fetch("SELECT contact_id, version::bigint FROM harmonia.contacts")
            return {row["contact_id"]: row["version"] for row in rows}
        finally:
            await connection.close()

    try:
        return asyncio.run(ask())
    except asyncpg.PostgresError:  # the schema is not there yet
        return {}
