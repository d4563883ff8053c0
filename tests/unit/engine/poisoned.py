"""Reads thousands of crafted batches as a worker does; to be run as a process of its own, which may not crash."""

import asyncio
import sys

from aiokafka.consumer import fetcher
from aiokafka.structs import TopicPartition
from faust.types import TP

from events.dead_letters import DeadLetter
from events.topics import DEAD_LETTERS
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord, UnreadableRecord, hand_out_light_records
from streams.engine.aiokafka_patches.record_batches import read_any_batch
from streams.engine.runs import Run
from tests.unit.engine.crafted import CODECS, KINDS, Craft, Maker, Raw, craft, of_records
from tests.unit.worker.agents.intake.test_agent import Bench

TOPIC = TopicPartition("email-events", 0)
BASE = 1_000


def read(raw: bytes, start: int = 0) -> tuple[list[FetchedRecord], int]:
    """What a worker is handed of a fetch, and where it goes on."""
    unpacked = fetcher.PartitionRecords(TOPIC, fetcher.MemoryRecords(raw), [], start, None, None, True, 1)
    return list(unpacked), unpacked.next_fetch_offset


def told(records: list[FetchedRecord]) -> list[tuple[int, int]]:
    """The offsets that each record stands for."""
    return [(one.offset, one.last_offset if isinstance(one, UnreadableRecord) else one.offset) for one in records]


def check(made: Craft, rng: Maker) -> list[FetchedRecord]:
    """Raises `AssertionError` where an offset is lost or told twice, or a good record or a neighbour is not read."""
    before, after = of_records([Raw(b"before")], base=BASE - 1), of_records([Raw(b"after")], base=BASE + made.count)
    raw = before + made.raw + (after if rng.random() < 0.8 else b"")
    records, end = read(raw, BASE - 1)
    assert records[0].value == b"before"
    assert (records[-1].value, end) == (b"after", BASE + made.count + 1) or not raw.endswith(after)
    covered = [offset for first, last in told(records) for offset in range(first, last + 1)]
    assert covered == [*range(BASE - 1, end)]
    plain = {one.offset - BASE: one.value for one in records if not isinstance(one, UnreadableRecord)}
    assert {at: plain.get(at) for at in made.good} == made.good

    start = rng.randrange(BASE, BASE + made.count)
    again, _ = read(raw[len(before) :], start)
    assert told(again) == [span for span in told(records) if span[0] >= start]
    return records


async def letters(records: list[FetchedRecord]) -> None:
    """Each record that nobody can read becomes one letter that says where it stood."""
    tp = TP(*TOPIC)
    bench = Bench()
    await bench.intake(Run(tp, records, records[-1].offset + 1, 1))
    outputs = bench.basket.rounds[-1]
    assert len(outputs) == len(records)
    for record, output in zip(records, outputs, strict=True):
        if isinstance(record, UnreadableRecord):
            letter = DeadLetter.of(output.headers)
            assert output.topic == DEAD_LETTERS
            assert letter is not None
            assert letter.origin.offset == record.offset
            assert (letter.origin.last_offset or record.offset) == record.last_offset


def fuzz(seed: int, rounds: int) -> None:
    """So many batches of each kind with each compression."""
    read_any_batch()
    hand_out_light_records()
    rng = Maker(seed)
    handed: list[FetchedRecord] = []
    for number in range(rounds):
        for kind in KINDS:
            for name in CODECS:
                made = craft(kind, name, rng, BASE)
                try:
                    handed += check(made, rng)
                except Exception as error:
                    raise AssertionError(
                        f"{kind}, {name}, seed {seed}, round {number}: {made.raw[:300].hex()}"
                    ) from error
    asyncio.run(letters(handed))
    sys.stdout.write(f"{len(handed)}\n")


if __name__ == "__main__":
    fuzz(int(sys.argv[1]), int(sys.argv[2]))
