"""What a broker takes and no consumer can read: nothing stops, and each offset is counted or told of in a letter."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.structs import TopicPartition
from faust.types import TP

from events.dead_letters import DeadLetter
from events.topics import DEAD_LETTERS, INTERACTIONS
from streams.engine.changelog import PartitionReader
from streams.operations.status.kafka_side import observe_kafka
from streams.operations.status.observations import KafkaObservation
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.integration.letters import on
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, until_in_redis
from tests.integration.tap import Kept, tapped
from tests.unit.engine.crafted import BAD, CODECS, GOOD, KINDS, Craft, Maker, Raw, craft, of_records, varint

TOPIC = "email-events"
WORKER = {"HARMONIA_QUARANTINE_LETTERS": "0"}
ROUNDS = 2
TAKEN_BY_BROKERS = {
    ("any_attributes", "none"),
    ("header_name_that_is_no_text_beside_high_attributes", "none"),
    ("offset_of_another", "none"),
    ("trailed", "gzip"),
    ("trailed", "snappy"),
    ("more_than_a_thousand_headers", "zstd"),
}
"""Some of the kinds of which it is known; that all are refused must not pass for success."""


class Latin(str):
    """Text that every encoder writes as Latin-1, as a producer in C would."""

    __slots__ = ()

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:
        return super().encode("latin-1", errors)


def test_the_name_of_a_header_that_is_not_utf_8_stops_nothing(system: System) -> None:
    contact_id = fresh()
    value, _ = structured(event("email.opened", {"contact_id": contact_id}))
    producer = system.deployment.producer
    with tapped(system.settings, DEAD_LETTERS) as tap:
        headers = [(Latin("größe"), b"v"), ("own", b"header")]
        producer.send(TOPIC, partition=3, value=b"bad", headers=headers).get(30)
        producer.send(TOPIC, partition=3, value=value, headers=headers).get(30)
        assert json.loads(until_in_redis(system, contact_id))["counts"] == {"email.opened": 1}
        [letter] = tap.until(bool, "the letter")
    assert letter.value == b"bad"
    assert [text for _, text in letter.headers[:2]] == [b"v", b"header"]
    assert system.workers.process.poll() is None


class Events(Maker):
    """All records are opens of one person."""

    def __init__(self, seed: int, contact_id: str) -> None:
        super().__init__(seed)
        self._contact_id = contact_id

    def value(self, place: int) -> bytes:
        value, _ = structured(event("email.opened", {"contact_id": self._contact_id}))
        return value


@dataclass(frozen=True)
class Taken:
    """A batch that a broker took, at an offset."""

    kind: str
    codec: str
    made: Craft
    partition: int
    base: int

    @property
    def offsets(self) -> set[tuple[int, int]]:
        return {(self.partition, self.base + place) for place in range(self.made.count)}


@asynccontextmanager
async def raw_client(settings: Settings) -> AsyncIterator[Callable[[int, bytes], Awaitable[tuple[int, int]]]]:
    """What sends a batch to a partition as it is: the broker's error, or 0, and the batch's first offset."""
    topic = settings.topic_prefix + TOPIC
    client = AIOKafkaClient(bootstrap_servers=settings.kafka_brokers)
    await client.bootstrap()
    await client.set_topics((topic,))

    async def send(partition: int, raw: bytes) -> tuple[int, int]:
        request = ProduceRequest(None, -1, 20_000, [(topic, [(partition, raw)])])
        answer = await client.send(client.cluster.leader_for_partition(TopicPartition(topic, partition)), request)
        [(_, [(_, error, base, *_)])] = answer.topics
        return error, base

    try:
        yield send
    finally:
        await client.close()


async def send_what_only_brokers_read(settings: Settings) -> int:
    """A count of headers beyond 32 bits, of which a broker sees the lower ones, which are 0; its error."""
    async with raw_client(settings) as send:
        return (await send(0, of_records([Raw(b"x", header_count=varint(1 << 31))])))[0]


async def send_crafted(settings: Settings, rng: Maker) -> list[Taken]:
    """Send batches of all kinds as they are; those of which the broker says that it took them.

    What is made of one kind does not change with the kinds that there are besides.
    """
    begin, taken = rng.random(), []
    async with raw_client(settings) as send:
        for number in range(ROUNDS):
            for kind in KINDS:
                rng.seed(f"{begin} {number} {kind}")
                for codec in CODECS:
                    made, partition = craft(kind, codec, rng), rng.randrange(settings.partitions)
                    error, base = await send(partition, made.raw)
                    if not error:
                        taken.append(Taken(kind, codec, made, partition, base))
    return taken


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def told_of(records: Kept) -> set[tuple[int, int]]:
    """The partition and offset of everything that letters stand for."""
    told = set()
    for letter in map(DeadLetter.of, (record.headers for record in on(records, DEAD_LETTERS))):
        assert letter is not None
        first, last = letter.origin.offset, letter.origin.last_offset
        told |= {(letter.origin.partition, offset) for offset in range(first, (first if last is None else last) + 1)}
    return told


async def test_of_batches_that_nobody_can_read_each_offset_is_counted_or_told(system: System) -> None:
    contact_id = fresh()
    with tapped(system.settings, DEAD_LETTERS, INTERACTIONS) as tap:
        begun = now_ms()
        taken = await send_crafted(system.settings, Events(9, contact_id))
        sent = {place for one in taken for place in one.offsets}

        def is_all(records: Kept) -> bool:
            assert system.workers.process.poll() is None, f"the worker has ended; see {system.log}"
            return len(told_of(records)) + len({one.value for one in on(records, INTERACTIONS)}) >= len(sent)

        records = tap.until(is_all, "all offsets")
    assert {(one.kind, one.codec) for one in taken} >= TAKEN_BY_BROKERS
    places = [TP(TOPIC, number) for number in range(system.settings.partitions)]
    async with PartitionReader(KafkaClients(system.settings)) as reader:
        ends = await reader.ends_of(places)
        for at in range(begun, now_ms() + 1_000, 250):
            first = await reader.offsets_at(places, at)
            assert all(first[place] <= ends[place] for place in places)
    good = {(one.partition, one.base + place) for one in taken for place in one.made.good}
    certain = {place for one in taken if one.kind in (*GOOD, *BAD) for place in one.offsets}
    assert told_of(records) <= sent - good
    assert told_of(records) >= certain - good
    counted = {json.loads(one.value or b"")["id"] for one in on(records, INTERACTIONS)}
    assert counted >= {json.loads(value)["id"] for one in taken for value in one.made.good.values()}
    assert len(counted) + len(told_of(records)) == len(sent)
    assert "Traceback" not in system.log.read_text()


def test_status_tells_what_waits_also_where_its_own_client_cannot_read_it(system: System) -> None:
    """The last one here: it ends the worker."""
    system.workers.stop()
    assert asyncio.run(send_what_only_brokers_read(system.settings)) == 0
    before = observe_kafka(system.settings, now_ms())
    taken = asyncio.run(send_crafted(system.settings, Events(11, fresh())))

    after = observe_kafka(system.settings, now_ms() + 60_000)

    assert isinstance(before, KafkaObservation)
    assert isinstance(after, KafkaObservation), after
    lag, more = (next(flow for flow in look.flows if flow.topic == TOPIC) for look in (before, after))
    assert more.lag - lag.lag == sum(one.made.count for one in taken)
    assert 60 <= more.waits_s < 120
