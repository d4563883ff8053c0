"""Batches that are small in transit and huge when they are opened cost a dead letter, and not the worker."""

import gzip
import tracemalloc
from collections.abc import Callable, Iterator

import cramjam
import pytest
from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled
from aiokafka.structs import TopicPartition

from events.envelope import Record, decode
from events.refusal import Reason, Refusal
from streams.engine.header_names import read_any_header_name
from streams.engine.inflating import MAX_INFLATED, Inflated, open_gzip, open_lz4, open_zstd

TP = TopicPartition("email-events", 0)
CODECS = {"gzip": 1, "lz4": 3, "zstd": 4}
OPENERS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (codec.gzip_encode, open_gzip),
    "lz4": (codec.lz4_encode, open_lz4),
    "zstd": (codec.zstd_encode, open_zstd),
}


@pytest.fixture(autouse=True)
def _as_a_worker_reads() -> Iterator[None]:
    names = ("zstd_decode", "gzip_decode", "lz4_decode")
    before = [(module, name, getattr(module, name)) for module in (compiled, default_records) for name in names]
    records = fetcher.MemoryRecords
    read_any_header_name()
    yield
    fetcher.MemoryRecords = records
    for module, name, function in before:
        setattr(module, name, function)


def batch(name: str, *values: bytes, base: int = 7) -> bytes:
    builder = compiled.DefaultRecordBatchBuilder(2, CODECS[name], 0, -1, -1, -1, 1 << 30)
    for offset, value in enumerate(values):
        assert builder.append(offset, 1_000, None, value, []) is not None
    built = bytes(builder.build())
    return base.to_bytes(8, "big") + built[8:]


def read(raw: bytes) -> list[tuple[int, bytes]]:
    unpacked = fetcher.PartitionRecords(TP, fetcher.MemoryRecords(raw), [], 0, None, None, True, 1)
    found = [(record.offset, record.value) for record in unpacked]
    return [*found, (unpacked.next_fetch_offset, b"")]


@pytest.mark.parametrize("name", CODECS)
def test_what_is_within_is_opened_as_ever(name: str) -> None:
    values = [b"%d" % number * 1_000 for number in range(300)]

    assert read(batch(name, *values)) == [*((7 + at, value) for at, value in enumerate(values)), (307, b"")]


@pytest.mark.parametrize("name", CODECS)
def test_a_bomb_is_one_letter_and_its_neighbours_are_read(name: str) -> None:
    bomb = batch(name, b"first", bytes(4 * MAX_INFLATED))
    assert len(bomb) < 1 << 20

    tracemalloc.start()
    try:
        before, handed, after, end = read(batch(name, b"before", base=6) + bomb + batch(name, b"after", base=9))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (before, after, end) == ((6, b"before"), (9, b"after"), (10, b""))
    assert handed[0] == 7
    refused = decode(Record(TP.topic, handed[1], (), 1_000))
    assert isinstance(refused, Refusal)
    assert refused.reason == Reason.TOO_LARGE
    assert most < 3 * MAX_INFLATED


@pytest.mark.parametrize("name", OPENERS)
@pytest.mark.parametrize("size", [0, 1, 1 << 20, MAX_INFLATED - (4 << 20)])
def test_up_to_the_limit_every_size_is_opened(name: str, size: int) -> None:
    close, opened = OPENERS[name]

    assert opened(close(bytes(size))) == bytes(size)


def test_several_frames_count_together() -> None:
    half = bytes(MAX_INFLATED // 2)

    for close, opened in [(gzip.compress, open_gzip), (zstd, open_zstd)]:
        assert opened(close(b"a") + close(b"b")) == b"ab"
        with pytest.raises(Inflated):
            opened(close(half) + close(half) + close(b"a"))


def zstd(data: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(data))


@pytest.mark.parametrize("checked", [True, False])
def test_every_kind_of_lz4_frame_is_measured(checked: bool) -> None:
    data = bytes(9 << 20)
    compressor = cramjam.lz4.Compressor(level=1, content_checksum=checked, block_linked=False)
    compressor.compress(data)

    assert open_lz4(bytes(compressor.finish())) == data
