"""The input: JSON events of realistic size, keyed by contact, the same for each seed, written once for all peers."""

import random
from collections.abc import Iterator
from itertools import islice

from aiokafka.partitioner import murmur2

from benchmarks.peers.job import KINDS
from streams.engine.writer import Outbox, Output
from streams.platform.clients import KafkaClients

CONTACTS = 200_000
_BEGIN_MS = 1_760_000_000_000
_SOURCES = "digital/mailer digital/texter finance/actblue field/canvass".split()
_WRITTEN_AT_ONCE = 20_000


def generate(count: int, seed: int, contacts: int = CONTACTS) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each event, in the order in which they are written."""
    chance = random.Random(seed)
    keys = [b"%032x" % chance.getrandbits(128) for _ in range(contacts)]
    for number in range(count):
        bits = chance.getrandbits(64)
        key = keys[bits % contacts]
        yield (
            key,
            b'{"id":"%08x-%016x","contact_id":"%s","type":"%s","occurred_at":%d,"source":"%s",'
            b'"campaign_id":"gotv-2026-%02d","message_id":"message-%05d","attempt":%d}'
            % (
                number,
                bits,
                key,
                KINDS[(bits >> 20) % 8].encode(),
                _BEGIN_MS + number * 3 + (bits >> 24) % 60_000,
                _SOURCES[(bits >> 40) % 4].encode(),
                (bits >> 44) % 40,
                (bits >> 48) % 4096,
                (bits >> 60) % 3,
            ),
        )


async def write_input(kafka: KafkaClients, topic: str, partitions: int, events: Iterator[tuple[bytes, bytes]]) -> None:
    """Append events to a topic, each to the partition that every Kafka client chooses for its key."""
    outbox = Outbox(kafka)
    partition_of: dict[bytes, int] = {}
    try:
        while some := list(islice(events, _WRITTEN_AT_ONCE)):
            await outbox.write([_output(topic, partitions, event, partition_of) for event in some])
    finally:
        await outbox.stop()


def _output(topic: str, partitions: int, event: tuple[bytes, bytes], partition_of: dict[bytes, int]) -> Output:
    key, value = event
    partition = partition_of.get(key)
    if partition is None:
        partition = partition_of[key] = (murmur2(key) & 0x7FFFFFFF) % partitions
    return Output(topic, partition, key, value)
