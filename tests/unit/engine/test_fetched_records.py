"""Fetched records, damaged ones among them."""

import gzip
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import cramjam
import pytest
from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record._crecords import default_records as compiled
from aiokafka.structs import TopicPartition

from events.refusal import Reason
from streams.engine.aiokafka_patches.damaged_records import MAX_HEADERS_OF_BATCH, TOO_MUCH, BatchRecord, UnreadRecords
from streams.engine.aiokafka_patches.decompression import MAX_INFLATED, InflatedTooMuch, opened
from streams.engine.aiokafka_patches.fetched_records import (
    MOST_BYTES,
    DrainedRecords,
    FetchedRecord,
    UnreadableRecord,
    _FetchResult,
    hand_out_light_records,
)
from streams.engine.aiokafka_patches.record_batches import Batch, read_any_batch
from tests.unit.engine.crafted import CODECS, NEIGHBOURS_AS_HEADERS, Raw, batch, of_records, varint
from tests.unit.engine.poisoned import BASE, read, told

TP = TopicPartition("interactions", 0)


class Records:
    """What a fetch brought, as aiokafka unpacks it: the position moves with each record."""

    def __init__(self, position: int, offsets: range, value: bytes) -> None:
        self.next_fetch_offset = position
        self._offsets = iter(offsets)
        self._value = value

    def __iter__(self) -> Iterator[FetchedRecord]:
        return self

    def __next__(self) -> FetchedRecord:
        offset = next(self._offsets)
        self.next_fetch_offset = offset + 1
        return FetchedRecord(TP.topic, TP.partition, offset, 0, b"k", self._value, ())


class State:
    paused = False

    def __init__(self, position: int) -> None:
        self.position = position

    def consumed_to(self, position: int) -> None:
        self.position = position


def result(position: int, offsets: range, value: bytes = b"v") -> _FetchResult:
    state = State(position)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    return _FetchResult(TP, assignment=assignment, partition_records=Records(position, offsets, value), backoff=0.1)


def drained(found: DrainedRecords) -> tuple[int, list[int]]:
    return found.start, [record.offset for record in found]


def test_reading_begins_at_the_position_and_not_at_the_first_record() -> None:
    """Between the two are markers, or records of transactions that were aborted."""
    assert drained(result(50, range(53, 56)).getall()) == (50, [53, 54, 55])


def test_a_part_begins_where_the_last_one_ended() -> None:
    fetched = result(50, range(53, 56))

    assert drained(fetched.getall(2)) == (50, [53, 54])
    assert drained(fetched.getall(2)) == (55, [55])


@pytest.mark.parametrize("moved_to", [49, 90])
def test_nothing_is_drained_of_another_position(moved_to: int) -> None:
    fetched = result(50, range(53, 56))
    fetched._assignment.state_value(TP).position = moved_to

    assert list(fetched.getall()) == []


def test_no_more_is_handed_out_at_once_than_some_megabytes_and_nothing_of_the_rest_is_lost() -> None:
    """Batches of a kilobyte may each hold 32 MiB: two thousand of them at once were more than any machine has."""
    fetched = result(0, range(5), bytes(MOST_BYTES // 2))

    assert drained(fetched.getall(2_000)) == (0, [0, 1])
    assert drained(fetched.getall()) == (2, [2, 3])
    assert fetched.has_more()
    assert drained(fetched.getall(2_000)) == (4, [4])
    assert not fetched.has_more()


ROOT = Path(__file__).parents[3]
COMPRESSED = [name for name in CODECS if name != "none"]


@pytest.fixture(autouse=True)
def _as_a_worker_reads() -> Iterator[None]:
    names = ("MemoryRecords", "PartitionRecords", "FetchResult")
    before = {name: getattr(fetcher, name) for name in names}
    read_any_batch()
    hand_out_light_records()
    yield
    for name, kind in before.items():
        setattr(fetcher, name, kind)


def test_thousands_of_crafted_batches_crash_nothing() -> None:
    """In a process of its own: what reads past the end of memory would end this one."""
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.unit.engine.poisoned", "7", "16"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 5_000


def test_records_say_why_they_are_refused() -> None:
    made = [Raw(b"good", offset=varint(at)) for at in (0, 0, 7, 3)]
    made += [Raw(b"many", headers=[(b"", b"")] * 1_001), Raw(b"long", value_part=varint(1 << 40)), Raw(b"good")]

    records, end = read(of_records(made))

    refused = {one.offset: one for one in records if isinstance(one, UnreadableRecord)}
    assert [one.offset for one in records] == [0, 1, 2, 3, 4, 5, 6]
    assert {at: one.refusal.reason for at, one in refused.items()} == {
        1: Reason.INVALID_DATA,
        2: Reason.INVALID_DATA,
        4: Reason.TOO_LARGE,
        5: Reason.NOT_JSON,
    }
    assert [one.value for one in records if one.offset != 5] == [b"good"] * 4 + [b"many", b"good"]
    assert refused[5].value
    assert end == 7


@pytest.mark.parametrize("name", COMPRESSED)
def test_what_breaks_off_is_one_letter_from_there_to_the_end_of_the_batch(name: str) -> None:
    number, close = CODECS[name]
    payload = close(Raw(b"first").written(0) + Raw(b"second").written(1)[:-3])
    raw = batch(payload, 4, BASE, attributes=number)

    records, end = read(raw, BASE)

    assert told(records) == [(BASE, BASE), (BASE + 1, BASE + 3)]
    assert [record.value for record in records] == [b"first", payload]
    assert end == BASE + 4


def test_gaps_that_compaction_left_are_no_mistake() -> None:
    made = [Raw(b"x", offset=varint(at)) for at in (2, 3, 9)]
    payload = b"".join(record.written(0) for record in made)

    records, end = read(batch(payload, 3, BASE, last=11), BASE)

    assert (told(records), end) == ([(BASE + at, BASE + at) for at in (2, 3, 9)], BASE + 12)
    assert not any(isinstance(record, UnreadableRecord) for record in records)
    assert read(batch(b"", 0, BASE, last=11), BASE) == ([], BASE + 12)


def test_millions_of_headers_are_counted_and_not_made() -> None:
    body = b"\0\0\0" + varint(-1) + varint(5) + b"value" + varint(10_400_000) + bytes(2 * 10_400_000)
    number, close = CODECS["gzip"]
    raw = batch(close(varint(len(body)) + body), 1, BASE, attributes=number)
    assert len(raw) < 30_000

    tracemalloc.start()
    try:
        records, _ = read(
            of_records([Raw(b"before")], base=BASE - 1) + raw + of_records([Raw(b"after")], base=BASE + 1)
        )
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [record.value for record in records] == [b"before", b"value", b"after"]
    assert isinstance(records[1], UnreadableRecord)
    assert records[1].refusal.reason is Reason.TOO_LARGE
    assert most < 100 << 20


@pytest.mark.parametrize("sizes", [(30,), (3_000,), (30, 3_000), (30, 500, 500, 500, 3_000, 3_000, 70_000)])
def test_what_is_as_it_should_be_is_read_by_the_compiled_reader_alone(sizes: tuple[int, ...]) -> None:
    chance = Random(5)
    made = [Raw(chance.randbytes(chance.choice(sizes)), b"key", [(b"own", b"%d" % at)]) for at in range(300)]

    found = list(Batch(memoryview(of_records(made, "zstd", BASE))).records())

    assert not any(isinstance(record, BatchRecord) for record in found)
    assert [(record.offset, record.value) for record in found] == [
        (BASE + at, one.value) for at, one in enumerate(made)
    ]
    assert [record.headers for record in found] == [[("own", b"%d" % at)] for at in range(300)]


@pytest.mark.parametrize("kind", NEIGHBOURS_AS_HEADERS)
def test_a_record_that_takes_its_neighbours_for_headers_makes_few_of_them(kind: str) -> None:
    """A header takes 64 bytes of memory: the two million that the count claims would be 128 MB."""
    made = NEIGHBOURS_AS_HEADERS[kind](4 << 20)
    found = Batch(memoryview(of_records(made, "zstd"))).records()

    tracemalloc.start()
    try:
        first = next(found)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert isinstance(first, UnreadRecords)
    assert most < 4 << 20
    assert [record.value for record in found] == [record.value for record in made[1:]]


@pytest.mark.parametrize("kind", NEIGHBOURS_AS_HEADERS)
def test_a_batch_of_neighbours_taken_for_headers_takes_no_more_memory_than_its_bytes(kind: str, tmp_path: Path) -> None:
    batch_of = of_records(NEIGHBOURS_AS_HEADERS[kind](31 << 20), "zstd")
    assert len(batch_of) < 50_000
    (tmp_path / "batch").write_bytes(batch_of)
    said = (
        "from pathlib import Path\nfrom streams.engine.aiokafka_patches.record_batches import Batch\n"
        "def peak():\n"
        "    [line] = [line for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "    return int(line.split()[1]) >> 10\n"
        f"raw = memoryview(Path({str(tmp_path / 'batch')!r}).read_bytes())\n"
        "before = peak()\n"
        "for record in Batch(raw).records(): pass\n"
        "print(peak() - before)"
    )

    ended = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, cwd=ROOT)

    assert int(ended.stdout) < 200


@pytest.mark.parametrize("time", [b"\0", b"\x80\0"])
def test_many_tiny_records_are_read_whatever_they_look_like_and_where_one_is_odd(time: bytes) -> None:
    made = [Raw(b"", time=time)] * 30_000
    made[20_000] = Raw(b"odd", time=time, offset=varint(3))

    records, end = read(of_records(made, "zstd"))

    assert ([at for at, one in enumerate(records) if isinstance(one, UnreadableRecord)], end) == ([20_000], 30_000)
    assert records[20_000].value == b"odd"
    assert [one.offset for one in records] == [*range(30_000)]


def test_headers_of_a_batch_are_counted_together() -> None:
    made = [Raw(b"%d" % at, headers=[(b"", b"")] * 990) for at in range(MAX_HEADERS_OF_BATCH // 990 + 3)]

    records, _ = read(of_records([*made, Raw(b"none")], "zstd"))

    refused = [one for one in records if isinstance(one, UnreadableRecord)]
    assert [one.value for one in refused] == [b"%d" % (len(made) - left) for left in (3, 2, 1)][-len(refused) :]
    assert {one.refusal.reason for one in refused} == {Reason.TOO_LARGE}
    assert sum(len(one.headers) for one in records) <= MAX_HEADERS_OF_BATCH
    assert records[-1].value == b"none"


def test_where_nobody_writes_dead_letters_reading_stops_and_says_where() -> None:
    raw = of_records([Raw(b"good"), Raw(b"bad", value_part=varint(1 << 40))])
    place = TopicPartition("interactions", 3)
    unpacked = fetcher.PartitionRecords(place, fetcher.MemoryRecords(raw), [], 0, None, None, True, 1)

    assert next(iter(unpacked)).value == b"good"
    with pytest.raises(CorruptRecordException, match="interactions, partition 3, offsets 1 to 1"):
        next(iter(unpacked))


NAMES = ["gzip", "snappy", "lz4", "zstd"]
BOMBS = ["gzip", "lz4", "zstd"]
"""Snappy cannot: nothing grows beyond some 20 times its size in it."""


@pytest.fixture(autouse=True)
def _read_any_batch() -> Iterator[None]:
    records = fetcher.MemoryRecords
    read_any_batch()
    yield
    fetcher.MemoryRecords = records


def open_(name: str, payload: bytes) -> bytes:
    return b"".join(opened(CODECS[name][0], payload))


def compressed(name: str, *values: bytes, base: int = 7) -> bytes:
    builder = compiled.DefaultRecordBatchBuilder(2, CODECS[name][0], 0, -1, -1, -1, 1 << 30)
    for offset, value in enumerate(values):
        assert builder.append(offset, 1_000, None, value, []) is not None
    built = bytes(builder.build())
    return base.to_bytes(8, "big") + built[8:]


def read_back(raw: bytes) -> list[tuple[int, bytes]]:
    found = [(record.offset, record.value) for one in batches(raw) for record in one.records()]
    return [*found, (list(batches(raw))[-1].next_offset, b"")]


def batches(raw: bytes) -> Iterator[Any]:
    return iter(fetcher.MemoryRecords(raw).next_batch, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_within_the_limit_is_opened_as_ever(name: str) -> None:
    values = [b"%d" % number * 1_000 for number in range(300)]

    assert read_back(compressed(name, *values)) == [
        *((7 + at, value) for at, value in enumerate(values)),
        (307, b""),
    ]


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_letter_and_its_neighbours_are_read(name: str) -> None:
    bomb = compressed(name, b"first", bytes(4 * MAX_INFLATED))
    assert len(bomb) < 1 << 20

    tracemalloc.start()
    try:
        around = compressed(name, b"before", base=6) + bomb + compressed(name, b"after", base=9)
        before, handed, after = [record for one in batches(around) for record in one.records()]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [(one.offset, one.value) for one in (before, after)] == [(6, b"before"), (9, b"after")]
    assert handed == UnreadRecords(7, 1_000, None, bomb[61:], [], 8, TOO_MUCH)
    assert most < 3 * MAX_INFLATED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [0, 1, 1 << 20, MAX_INFLATED - (4 << 20)])
def test_up_to_the_limit_every_size_is_opened(name: str, size: int) -> None:
    assert open_(name, CODECS[name][1](bytes(size))) == bytes(size)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_several_frames_count_together(name: str) -> None:
    close, half = CODECS[name][1], bytes(MAX_INFLATED // 2)

    assert open_(name, close(b"a") + close(b"b")) == b"ab"
    with pytest.raises(InflatedTooMuch):
        open_(name, close(half) + close(half) + close(b"a"))


def test_a_second_frame_of_lz4_is_nothing_to_brokers_and_not_opened() -> None:
    bomb = codec.lz4_encode(bytes(4 * MAX_INFLATED))

    assert open_("lz4", codec.lz4_encode(b"a") + bomb) == b"a"
    assert open_("lz4", b"\x50\x2a\x4d\x18\x00\x00\x00\x00" + bomb) == b""


def test_a_block_of_snappy_that_says_it_is_huge_gets_no_memory() -> None:
    with pytest.raises(InflatedTooMuch):
        open_("snappy", b"\xff\xff\xff\xff\x0f" + b"abc")


def test_many_members_of_gzip_take_no_longer_the_more_comes_behind_them() -> None:
    member = gzip.compress(b"")

    assert open_("gzip", member * 40_000 + gzip.compress(b"a")) == b"a"


@pytest.mark.parametrize("checked", [True, False])
def test_every_kind_of_lz4_frame_is_measured(checked: bool) -> None:
    data = bytes(9 << 20)
    compressor = cramjam.lz4.Compressor(level=1, content_checksum=checked, block_linked=False)
    compressor.compress(data)

    assert open_("lz4", bytes(compressor.finish())) == data


def test_blocks_of_lz4_are_opened_without_an_end_mark() -> None:
    frame = codec.lz4_encode(b"a" * 100_000)

    assert open_("lz4", frame[:-4]) == b"a" * 100_000
