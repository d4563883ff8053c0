"""`harmonia sink postgres` on a real Kafka and PostgreSQL: whoever is killed or frozen, tables equal the topics."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.structs import TopicPartition
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
from streams.local.postgres import PostgresServer, running_postgres
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.errors import PartitionsMismatch
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.platform.topics import create_topics
from streams.services.postgres import connectors, server
from streams.services.postgres.connectors import connectors_of
from streams.services.postgres.metrics import PostgresMetrics
from tests.integration.command import on
from tests.integration.sayer import PARTITIONS, PEOPLE, Sayer
from tests.integration.serving_process import started
from tests.integration.system import ask
from tests.integration.waiting import PATIENCE_S, until

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


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
    own_stack: Stack, settings: Settings, postgres: PostgresServer, tmp_path: Path
) -> None:
    query, sayer = asking(postgres), Sayer(settings)
    environment = on(own_stack, HARMONIA_POSTGRES=postgres.url, HARMONIA_PARTITIONS=str(PARTITIONS))
    command = ["sink", "postgres"]

    def levels(what: str) -> None:
        wanted = expected(settings)
        until(lambda: shown(query) == wanted or None, what)

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
    shorter, longer = [f"s-{number}" for number in range(3)], [f"l-{number}" for number in range(40)]
    async with filling(settings, postgres) as failed:
        await asyncio.to_thread(make_suppressions_anew, settings, PEOPLE)
        await shows(query, failed, PEOPLE, "what is there")
        await asyncio.to_thread(make_suppressions_anew, settings, shorter)
        await shows(query, failed, shorter, "the shorter topic")
        await asyncio.to_thread(make_suppressions_anew, settings, longer)
        await shows(query, failed, longer, "the longer topic")
        await asyncio.to_thread(grow_suppressions, settings)
        with pytest.raises(PartitionsMismatch, match=f"{PARTITIONS + 1} partitions by now"):
            await asyncio.wait_for(failed, PATIENCE_S)
    assert await asyncio.to_thread(closed, query) == {*longer}


async def test_a_topic_that_was_made_anew_before_anybody_saw_it_away_is_read_anew_where_it_is_shorter(
    settings: Settings, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka goes on at the start of it, since its offset is out of range, and raises nothing."""
    monkeypatch.setattr(server, "COMPARE_EVERY_S", 3_600)
    await asyncio.to_thread(make_suppressions_anew, settings, [])
    query, begun = asking(postgres), told_who_begins(monkeypatch)
    has_it, _ = told_of_assignments(monkeypatch)
    place, shorter = TopicPartition(CONTACT_SUPPRESSIONS, 0), [f"s-{number}" for number in range(3)]
    async with filling(settings, postgres, metadata_max_age_ms=3_600_000) as failed:
        await asyncio.wait_for(has_it.wait(), PATIENCE_S)
        await asyncio.to_thread(close_to, settings, PEOPLE)
        await shows(query, failed, PEOPLE, "what is there")
        await asyncio.to_thread(until, lambda: begun[-1]._handed.get(place, 0) >= len(PEOPLE), "the chunk")
        async with not_fetching(begun[-1]._consumer, CONTACT_SUPPRESSIONS):
            await asyncio.to_thread(make_suppressions_anew, settings, shorter)
        await shows(query, failed, shorter, "the shorter topic")


def told_who_begins(monkeypatch: pytest.MonkeyPatch) -> list[server.PostgresFiller]:
    begun: list[server.PostgresFiller] = []
    begin = server.PostgresFiller._begin

    async def told(filler: server.PostgresFiller, places: Collection[TopicPartition]) -> None:
        begun.append(filler)
        await begin(filler, places)

    monkeypatch.setattr(server.PostgresFiller, "_begin", told)
    return begun


@asynccontextmanager
async def not_fetching(consumer: AIOKafkaConsumer, topic: str) -> AsyncIterator[None]:
    """So that the consumer does not hear that the topic is away. One fetch is under way at a time."""
    mine = [place for place in consumer.assignment() if place.topic == topic]
    other = next(place for place in consumer.assignment() if place.topic != topic)
    consumer.pause(*mine)
    for _ in range(2):
        at = consumer.last_poll_timestamp(other)
        await asyncio.to_thread(until, lambda at=at: consumer.last_poll_timestamp(other) != at, "the next fetch")
    yield
    consumer.resume(*mine)


@pytest.mark.parametrize("asking_for_it", ["a look", "a chunk", "its position"])
async def test_a_topic_that_is_away_for_a_while_ends_nothing(
    settings: Settings, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, asking_for_it: str
) -> None:
    """It goes at the very moment when the process asks for it, and comes back."""
    await asyncio.to_thread(make_suppressions_anew, settings, [])
    has_it, has_it_not = told_of_assignments(monkeypatch)
    if asking_for_it == "its position":
        goes_when_asked_for_a_position(monkeypatch, settings, has_it_not)
    else:
        goes_when_asked_for_its_id(monkeypatch, settings)
    if asking_for_it != "a look":
        monkeypatch.setattr(server, "LOOK_EVERY_S", 3_600)  # the first one is before there are partitions
    query = asking(postgres)
    async with filling(settings, postgres) as failed:
        if asking_for_it != "a look":
            await asyncio.wait_for(has_it.wait(), PATIENCE_S)
            await asyncio.to_thread(close_to, settings, ["first"])
        await asyncio.wait_for(has_it_not.wait(), PATIENCE_S)
        has_it.clear()
        await asyncio.to_thread(make_suppressions, settings)
        await asyncio.wait_for(has_it.wait(), PATIENCE_S)
        await asyncio.to_thread(close_to, settings, PEOPLE)
        await shows(query, failed, PEOPLE, f"what is there after {asking_for_it}")


def goes_when_asked_for_its_id(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    id_of, once = connectors._topic_id_of, Once(settings)

    async def asked(kafka: KafkaClients, topic: str, partitions: int) -> str:
        if topic == CONTACT_SUPPRESSIONS:
            await once.delete()
        return await id_of(kafka, topic, partitions)

    monkeypatch.setattr(connectors, "_topic_id_of", asked)


def goes_when_asked_for_a_position(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, has_it_not: asyncio.Event
) -> None:
    """And the answer comes once its partitions are taken away."""
    position, once = AIOKafkaConsumer.position, Once(settings)

    async def asked(consumer: AIOKafkaConsumer, place: TopicPartition) -> int:
        if consumer._group_id and place.topic == CONTACT_SUPPRESSIONS:
            await once.delete()
            await has_it_not.wait()
        return int(await position(consumer, place))

    monkeypatch.setattr(AIOKafkaConsumer, "position", asked)


class Once:
    """Deletes the topic of suppressions the first time, whoever asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._deleting: asyncio.Future[None] | None = None

    async def delete(self) -> None:
        if self._deleting is None:
            self._deleting = asyncio.ensure_future(asyncio.to_thread(delete_suppressions, self._settings))
        await asyncio.shield(self._deleting)


def told_of_assignments(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Set when the process has partitions of suppressions; and when it has had them, and has them no more."""
    has_it, has_it_not = asyncio.Event(), asyncio.Event()
    assigned = server.PostgresFiller.on_partitions_assigned

    async def told(filler: server.PostgresFiller, places: Collection[TopicPartition]) -> None:
        if has_it.is_set() and CONTACT_SUPPRESSIONS not in {place.topic for place in places}:
            has_it_not.set()
        await assigned(filler, places)
        if CONTACT_SUPPRESSIONS in {place.topic for place in places}:
            has_it.set()

    monkeypatch.setattr(server.PostgresFiller, "on_partitions_assigned", told)
    return has_it, has_it_not


def closed(query: Query) -> set[str]:
    return {row[0] for row in query("SELECT contact_id FROM harmonia.suppressions")}


async def shows(query: Query, failed: "asyncio.Future[list[None]]", names: Sequence[str], what: str) -> None:
    """Wait until these are closed in PostgreSQL. Raises what ended the process, if that did end."""

    def look() -> bool:
        if failed.done():
            failed.result()
        return closed(query) == {*names}

    await asyncio.to_thread(until, look, what)


@asynccontextmanager
async def filling(
    settings: Settings, postgres: PostgresServer, metadata_max_age_ms: int = 1_000
) -> AsyncIterator[asyncio.Future[list[None]]]:
    """The process's reading and looking, in this one; the future fails as they do."""
    kafka, metrics = KafkaClients(settings), PostgresMetrics(CollectorRegistry())
    database = server.database_of(postgres.url, settings.partitions)
    consumer = kafka.group_consumer(
        group_id="made-anew",
        partition_assignment_strategy=(RangePartitionAssignor,),
        metadata_max_age_ms=metadata_max_age_ms,
    )
    filler = server.PostgresFiller(
        consumer, connectors_of(database, kafka, settings.partitions, metrics, 1e6), database, metrics
    )
    await database.call("SELECT 1")  # so the schema is there to be asked
    await consumer.start()
    tasks = [asyncio.create_task(each) for each in filler.tasks()]
    working = asyncio.gather(*tasks)
    try:
        yield working
    finally:
        for task in tasks:  # one by one: where one has failed, cancelling all of them together cancels none
            task.cancel()
        await asyncio.gather(working, *tasks, return_exceptions=True)
        await consumer.stop()
        await database.close()


def make_suppressions_anew(settings: Settings, names: Sequence[str]) -> None:
    """Delete the topic of suppressions, make it again and fill it."""
    delete_suppressions(settings)
    make_suppressions(settings)
    close_to(settings, names)


def delete_suppressions(settings: Settings) -> None:
    kafka = KafkaClients(settings)
    admin = kafka.admin()
    admin.delete_topics([CONTACT_SUPPRESSIONS])
    admin.close()
    until(lambda: not len(kafka.partitions_of(CONTACT_SUPPRESSIONS)), "the topic is deleted")


def make_suppressions(settings: Settings) -> None:
    kafka = KafkaClients(settings)
    admin = kafka.admin()
    create_topics(admin, settings)
    admin.close()
    until(lambda: len(kafka.partitions_of(CONTACT_SUPPRESSIONS)) == PARTITIONS, "the topic is there again")


def close_to(settings: Settings, names: Sequence[str]) -> None:
    Sayer(settings).close_to(names)


def grow_suppressions(settings: Settings) -> None:
    admin = KafkaClients(settings).admin()
    admin.create_partitions({CONTACT_SUPPRESSIONS: NewPartitions(PARTITIONS + 1)})
    admin.close()
