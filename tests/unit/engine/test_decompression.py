"""Batches that are small in transit and huge when they are opened cost a dead letter, and not the worker."""

import gzip
import tracemalloc
from collections.abc import Iterator
from typing import Any

import cramjam
import pytest
from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.record._crecords import default_records as compiled

from streams.engine.aiokafka_patches.damaged_records import TOO_MUCH, UnreadRecords
from streams.engine.aiokafka_patches.decompression import MAX_INFLATED, InflatedTooMuch, opened
from streams.engine.aiokafka_patches.record_batches import read_any_batch
from tests.unit.engine.crafted import CODECS

NAMES = ["gzip", "snappy", "lz4", "zstd"]
BOMBS = ["gzip", "lz4", "zstd"]
"""Snappy cannot: nothing grows beyond some 20 times its size in it."""


@pytest.fixture(autouse=True)
def _as_a_worker_reads() -> Iterator[None]:
    records = fetcher.MemoryRecords
    read_any_batch()
    yield
    fetcher.MemoryRecords = records


def open_(name: str, payload: bytes) -> bytes:
    return b"".join(opened(CODECS[name][0], payload))


def batch(name: str, *values: bytes, base: int = 7) -> bytes:
    builder = compiled.DefaultRecordBatchBuilder(2, CODECS[name][0], 0, -1, -1, -1, 1 << 30)
    for offset, value in enumerate(values):
        assert builder.append(offset, 1_000, None, value, []) is not None
    built = bytes(builder.build())
    return base.to_bytes(8, "big") + built[8:]


def read(raw: bytes) -> list[tuple[int, bytes]]:
    found = [(record.offset, record.value) for one in batches(raw) for record in one.records()]
    return [*found, (list(batches(raw))[-1].next_offset, b"")]


def batches(raw: bytes) -> Iterator[Any]:
    return iter(fetcher.MemoryRecords(raw).next_batch, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_within_the_limit_is_opened_as_ever(name: str) -> None:
    values = [b"%d" % number * 1_000 for number in range(300)]

    assert read(batch(name, *values)) == [*((7 + at, value) for at, value in enumerate(values)), (307, b"")]


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_letter_and_its_neighbours_are_read(name: str) -> None:
    bomb = batch(name, b"first", bytes(4 * MAX_INFLATED))
    assert len(bomb) < 1 << 20

    tracemalloc.start()
    try:
        around = batch(name, b"before", base=6) + bomb + batch(name, b"after", base=9)
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
