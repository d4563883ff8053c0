"""`harmonia sink postgres` on a real Kafka and PostgreSQL: whoever is killed or frozen, tables equal the topics."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.admin import NewPartitions
from prometheus_client import CollectorRegistry

from events.topics import (
    CONTACT_LINKS,
    CONTACT_SEGMENTS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_RESULTS,
    SEGMENT_COUNTS,
    SEGMENT_DEFINITIONS,
)
from sinks.keys import partition_of
from streams.local.postgres import PostgresServer, running_postgres
from streams.local.stack import Stack, local_stack
from streams.platform.clients import KafkaClients
from streams.platform.errors import PartitionsMismatch
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.platform.topics import create_topics
from streams.services.postgres import server
from streams.services.postgres.connectors import connectors_of
from streams.services.postgres.metrics import PostgresMetrics
from tests.integration.command import on
from tests.integration.serving_process import started
from tests.integration.system import ask
from tests.integration.waiting import PATIENCE_S, until

PARTITIONS = 3
PEOPLE = [f"c-{number}" for number in range(60)]
AT = "2012-02-22T10:00:00.000Z"

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers of its own: all of a topic is counted."""
    with local_stack(tmp_path_factory.mktemp("own")) as running:
        yield running


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    settings = Settings.model_validate({**stack.environment, "partitions": PARTITIONS})
    admin = KafkaClients(settings).admin()
    create_topics(admin, settings)
    admin.close()
    return settings


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


class Sayer:
    """Writes to all of the topics what workers would, one step of each person's life after the other."""

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaClients(settings).tool_producer()
        self._chance = random.Random(25)
        self._version = 0

    def tell(self, count: int) -> None:
        for _ in range(count):
            self._version += 1
            self._step(self._chance.choice(PEOPLE))
        self._producer.flush()

    def close_to(self, names: Sequence[str]) -> None:
        """Say of these that nobody may write to them, all in one partition."""
        for name in names:
            closed = {"reason": "complained", "since": AT, "source": "s", "id": name}
            self._send(CONTACT_SUPPRESSIONS, name, {"email": closed}, partition=0)
        self._producer.flush()

    def _step(self, name: str) -> None:
        version, chance = self._version, self._chance
        match chance.choice(
            ["lives", "lives", "lives", "gone", "linked", "alone", "closed", "open", "segments", "sums"]
        ):
            case "lives":
                self._send(CONTACT_STATE, name, _profile(name, version), version)
            case "gone":
                self._send(CONTACT_STATE, name, None, version, ("reason", b"erased"))
            case "linked":
                survivor = chance.choice(PEOPLE)
                told = [("reason", b"merged"), ("merged_into", survivor.encode())]
                self._send(CONTACT_STATE, name, None, version, *told)
                self._send(CONTACT_LINKS, name, {"merged_into": survivor}, version)
            case "alone":
                self._send(CONTACT_STATE, name, _profile(name, version), version)
                self._send(CONTACT_LINKS, name, None, version)
            case "closed":
                until = {"until": "2999-01-01T00:00:00.000Z"} if version % 2 else {}
                closed = {"reason": "complained", "since": AT, "source": "s", "id": str(version), **until}
                self._send(CONTACT_SUPPRESSIONS, name, {"email": closed})
            case "open":
                self._send(CONTACT_SUPPRESSIONS, name, None)
            case "segments":
                held = {each: {"since": AT, "edition": "e"} for each in chance.sample(["a", "b", "c"], 2)}
                self._send(CONTACT_SEGMENTS, name, {"version": version, "as_of": AT, "segments": held})
            case "sums":
                self._sums(version)

    def _sums(self, version: int) -> None:
        variants = {"A": {"assigned": version, "metrics": {"donated": {"sum": version, "mean": 0.5}}}}
        compared = {
            "metric": "donated",
            "variant": "B",
            "baseline": "A",
            "effect": version / 8,
            "low": -0.5,
            "high": 0.5,
        }
        judged = {"level": 0.95, "p_always_valid": 0.25, "e_value": 0.5, "discovery": False, "provisional": True}
        ratio = {"p_always_valid": 1.0, "broken": False}
        result = {
            "experiment": f"x{version % 3}",
            "as_of": AT,
            "status": "running",
            "contaminated": 0,
            "currency": "USD",
            "variants": variants,
            "comparisons": [{**compared, **judged}],
            "sample_ratio": ratio,
            "guardrails": [],
        }
        self._send(EXPERIMENT_RESULTS, f"x{version % 3}", result)
        count = {"edition": "e", "state": "complete", "members": version, "entered": 1, "left": 2, "as_of": AT}
        for partition in range(PARTITIONS):
            self._send(SEGMENT_COUNTS, "a", count, partition=partition)
            definition = {"id": "a", "owner": f"team-{version}", "members": False, "all": []}
            self._send(SEGMENT_DEFINITIONS, "a", definition, partition=partition)

    def _send(
        self,
        topic: str,
        key: str,
        value: Mapping[str, Any] | None,
        version: int | None = None,
        *headers: tuple[str, bytes],
        partition: int | None = None,
    ) -> None:
        told = [*headers, *([] if version is None else [("version", b"%d" % version)])]
        where = partition_of(key, PARTITIONS) if partition is None else partition
        self._producer.send(topic, None if value is None else orjson.dumps(value), key.encode(), told, where)


def _profile(name: str, version: int) -> dict[str, Any]:
    money = {"USD": version * 101, "JPY": version}
    return {
        "contact_id": name,
        "version": version,
        "first_seen": AT,
        "last_seen": None,
        "donations": {"count": version, "gross": money, "refunded": {}, "net": money, "pledges": []},
        "touches": [
            {"channel": "door", "purpose": "informational", "at": AT, "team": "field", "source": "s", "id": "1"}
        ],
        "tags": ["Zürich", "a\0b"],
    }


def latest(settings: Settings, topic: str) -> dict[tuple[int, str], tuple[Any, dict[str, bytes]]]:
    """The oracle: of each key of a partition the last record, as a plain reader of the topic sees it."""
    consumer = KafkaClients(settings).tool_consumer()
    found = {}
    for record in records_of(consumer, topic):
        value = None if record.value is None else orjson.loads(record.value)
        found[record.partition, record.key.decode()] = value, dict(record.headers)
    consumer.close()
    return found


def expected(settings: Settings) -> dict[str, Any]:
    """What the views have to say."""
    states = {key: each for (_, key), each in latest(settings, CONTACT_STATE).items()}
    living = {key: value for key, (value, _) in states.items() if value is not None}
    links = {key: value for (_, key), (value, _) in latest(settings, CONTACT_LINKS).items() if value is not None}
    # Both topics tell of one counter: the later word counts.
    versions = {key: int(headers["version"]) for key, (_, headers) in states.items()}
    linked = {
        key: int(headers["version"])
        for (_, key), (value, headers) in latest(settings, CONTACT_LINKS).items()
        if value is not None
    }
    absorbed = {(key, value["merged_into"]) for key, value in links.items() if linked[key] >= versions.get(key, 0)}
    closed = {key: value for (_, key), (value, _) in latest(settings, CONTACT_SUPPRESSIONS).items() if value}
    members = {key: value for (_, key), (value, _) in latest(settings, CONTACT_SEGMENTS).items() if value}
    results = {key: value for (_, key), (value, _) in latest(settings, EXPERIMENT_RESULTS).items()}
    counts = [value for value, _ in latest(settings, SEGMENT_COUNTS).values()]
    [owner] = {value["owner"] for value, _ in latest(settings, SEGMENT_DEFINITIONS).values()}
    return {
        "contacts": {(key, value["version"], value["version"]) for key, value in living.items()},
        "contact_links": absorbed,
        "gifts": {
            (key, currency, f"{minor / 100:.2f}" if currency == "USD" else str(minor))
            for key, value in living.items()
            for currency, minor in value["donations"]["gross"].items()
        },
        "touches": {(key, "door", "field") for key in living},
        "suppressions": {(key, channel, it["id"]) for key, value in closed.items() for channel, it in value.items()},
        "segment_members": {(each, key) for key, value in members.items() for each in value["segments"]},
        "segments": {("a", owner, sum(count["members"] for count in counts), True)},
        "experiment_results": {(key, value["variants"]["A"]["assigned"]) for key, value in results.items()},
        "experiment_comparisons": {(key, value["comparisons"][0]["effect"]) for key, value in results.items()},
    }


VIEWS = {
    "contacts": "SELECT contact_id, version::bigint, gifts FROM harmonia.contacts",
    "contact_links": "SELECT contact_id, merged_into FROM harmonia.contact_links",
    "gifts": "SELECT contact_id, currency, gross::text FROM harmonia.gifts",
    "touches": "SELECT contact_id, channel, team FROM harmonia.touches",
    "suppressions": "SELECT contact_id, channel, id FROM harmonia.suppressions",
    "segment_members": "SELECT segment_id, contact_id FROM harmonia.segment_members",
    "segments": "SELECT segment_id, owner, members::bigint, is_complete FROM harmonia.segments",
    "experiment_results": "SELECT experiment, assigned FROM harmonia.experiment_results",
    "experiment_comparisons": "SELECT experiment, effect::float8 FROM harmonia.experiment_comparisons",
}


def asking(postgres: PostgresServer) -> Query:
    def query(text: str) -> list[tuple[Any, ...]]:
        async def ask_once() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(postgres.url)
            try:
                return [tuple(row) for row in await connection.fetch(text)]
            finally:
                await connection.close()

        return asyncio.run(ask_once())

    return query


def shown(query: Query) -> dict[str, Any]:
    try:
        found = {view: query(text) for view, text in VIEWS.items()}
    except asyncpg.PostgresError:  # the schema is not there yet
        return {}
    assert all(len(rows) == len(set(rows)) for rows in found.values())
    return {view: set(rows) for view, rows in found.items()}


def test_tables_equal_the_topics_whoever_is_killed_or_frozen(
    stack: Stack, settings: Settings, postgres: PostgresServer, tmp_path: Path
) -> None:
    query, sayer = asking(postgres), Sayer(settings)
    environment = on(stack, HARMONIA_POSTGRES=postgres.url, HARMONIA_PARTITIONS=str(PARTITIONS))
    command = ["sink", "postgres"]

    def levels(what: str) -> None:
        wanted = expected(settings)
        until(lambda: shown(query) == wanted or None, what, PATIENCE_S)

    sayer.tell(600)
    with ExitStack() as running:
        killed = running.enter_context(started(command, tmp_path / "killed.log", environment, "postgres"))
        levels("the first fill")
        sayer.tell(300)
        killed.kill()
        frozen = running.enter_context(started(command, tmp_path / "frozen.log", environment, "postgres"))
        levels("what the next process finds")
        successor = running.enter_context(started(command, tmp_path / "successor.log", environment, "postgres"))
        sayer.tell(300)
        frozen.process.send_signal(signal.SIGSTOP)
        sayer.tell(300)
        levels("what the successor takes over")
        frozen.process.send_signal(signal.SIGCONT)

        postgres.kill()
        sayer.tell(300)
        ready = successor.metrics.replace("/metrics", "/readyz")
        until(lambda: ask(ready)[0] == 503 or None, "the successor says that PostgreSQL is away")
        postgres.start()
        levels("PostgreSQL is back")
        until(lambda: ask(ready) == (200, "ready\n") or None, "the successor is ready")

        query("DROP SCHEMA harmonia CASCADE")
        levels("the schema is made and filled again")
        frozen.end()
        successor.end()
    for log in tmp_path.glob("*.log"):
        said = log.read_text()
        assert "Traceback" not in said, said
        assert said.count("postgres: ") < 10, said
    assert "postgres: ConnectionRefusedError: nothing listens there" in (tmp_path / "successor.log").read_text()


async def test_a_topic_that_is_made_anew_under_a_running_process_is_read_anew(
    settings: Settings, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shorter than the old one, when nobody's offset is in it; longer, when its records seem to follow; and grown."""
    monkeypatch.setattr(server, "COMPARE_EVERY_S", 0.5)
    query = asking(postgres)

    def closed() -> set[str]:
        return {row[0] for row in query("SELECT contact_id FROM harmonia.suppressions")}

    async def shows(names: Sequence[str], what: str) -> None:
        await asyncio.to_thread(until, lambda: closed() == {*names} or None, what, PATIENCE_S)

    shorter, longer = [f"s-{number}" for number in range(3)], [f"l-{number}" for number in range(40)]
    async with filling(settings, postgres) as failed:
        await asyncio.to_thread(make_suppressions_anew, settings, PEOPLE)
        await shows(PEOPLE, "what is there")
        await asyncio.to_thread(make_suppressions_anew, settings, shorter)
        await shows(shorter, "the shorter topic")
        await asyncio.to_thread(make_suppressions_anew, settings, longer)
        await shows(longer, "the longer topic")
        await asyncio.to_thread(grow_suppressions, settings)
        with pytest.raises(PartitionsMismatch, match=f"{PARTITIONS + 1} partitions by now"):
            await asyncio.wait_for(failed, PATIENCE_S)
    assert await asyncio.to_thread(closed) == {*longer}


@asynccontextmanager
async def filling(settings: Settings, postgres: PostgresServer) -> AsyncIterator[asyncio.Future[list[None]]]:
    """The process's reading and looking, in this one; the future fails as they do."""
    kafka, metrics = KafkaClients(settings), PostgresMetrics(CollectorRegistry())
    database = server.database_of(postgres.url, settings.partitions)
    consumer = kafka.group_consumer(
        group_id="made-anew", partition_assignment_strategy=(RangePartitionAssignor,), metadata_max_age_ms=1_000
    )
    filler = server.PostgresFiller(
        consumer, connectors_of(database, kafka, settings.partitions, metrics, 1e6), database, metrics
    )
    await database.call("SELECT 1")  # so the schema is there to be asked
    await consumer.start()
    working = asyncio.gather(*filler.tasks())
    try:
        yield working
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await consumer.stop()
        await database.close()


def make_suppressions_anew(settings: Settings, names: Sequence[str]) -> None:
    """Delete the topic of suppressions, make it again and fill it."""
    kafka = KafkaClients(settings)
    admin = kafka.admin()
    admin.delete_topics([CONTACT_SUPPRESSIONS])
    until(lambda: not len(kafka.partitions_of(CONTACT_SUPPRESSIONS)), "the topic is deleted")
    create_topics(admin, settings)
    until(lambda: len(kafka.partitions_of(CONTACT_SUPPRESSIONS)) == PARTITIONS, "the topic is there again")
    admin.close()
    Sayer(settings).close_to(names)


def grow_suppressions(settings: Settings) -> None:
    admin = KafkaClients(settings).admin()
    admin.create_partitions({CONTACT_SUPPRESSIONS: NewPartitions(PARTITIONS + 1)})
    admin.close()
