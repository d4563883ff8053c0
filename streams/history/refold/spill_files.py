"""Rows in any order become files in which each bucket's rows lie together.

A bucket is a share of the contacts, by a hash of their ids. Each spill is a stream of Arrow batches, the first of them
of bucket 0 and so on, and after it where each of them begins: so a bucket is read by two looks into every spill, and
nothing but a spill is ever in memory.
"""

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from streams.history.refold.lake_source import NEEDED_SCHEMA, only_of_somebody

SPILL_BYTES = 64 << 20
"""Rows of so many bytes are sorted at once."""

_START_BYTES = array("q").itemsize
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)


def bucket_of(contact_id: str, buckets: int) -> int:
    """The bucket of a contact, of so many."""
    return crc32(contact_id.encode()) % buckets


class Spiller:
    """Takes rows and spills them into files of `folder` whose names begin with `name`.

    Rows that are of nobody (`only_of_somebody`) are passed over and counted in `without`.
    """

    def __init__(self, folder: Path, name: str, buckets: int) -> None:
        self._folder = folder
        self._name = name
        self._buckets = buckets
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = 0
        self._spills = 0
        self.rows = 0
        self.without = 0

    def take(self, batch: pa.RecordBatch) -> None:
        """Rows in `NEEDED_SCHEMA`."""
        kept = only_of_somebody(batch)
        self.without += len(batch) - len(kept)
        self.rows += len(kept)
        if not len(kept):
            return
        self._waiting.append(kept)
        self._bytes += kept.nbytes
        if self._bytes >= SPILL_BYTES:
            self.spill()

    def spill(self) -> None:
        """Write what is waiting; to be called at the end."""
        if not self._bytes:
            return
        table = pa.Table.from_batches(self._waiting, NEEDED_SCHEMA).combine_chunks()
        self._waiting, self._bytes = [], 0
        _write(table, self._buckets, self._folder / f"{self._name}-{self._spills}.arrow")
        self._spills += 1


def _write(table: pa.Table, buckets: int, path: Path) -> None:
    numbers = [bucket_of(name, buckets) for name in table["fragment"].to_pylist()]
    counts = [0] * buckets
    for number in numbers:
        counts[number] += 1
    rows = table.take(pc.sort_indices(pa.array(numbers, pa.int32()))).combine_chunks().to_batches()[0]
    starts = array("q")
    with pa.OSFile(path.as_posix(), "wb") as file:
        with pa.ipc.new_stream(file, NEEDED_SCHEMA, options=_OPTIONS) as stream:
            stream.write_batch(rows.slice(0, 0))  # with the first batch goes the schema
            for piece in _sliced(rows, counts):
                starts.append(file.tell())
                stream.write_batch(piece)
        file.write(starts.tobytes())


def _sliced(rows: pa.RecordBatch, counts: Iterable[int]) -> Iterator[pa.RecordBatch]:
    start = 0
    for count in counts:
        yield rows.slice(start, count)
        start += count


def read_bucket(spills: Iterable[Path], bucket: int, buckets: int) -> Iterator[pa.RecordBatch]:
    """The rows of a bucket, of so many, in all spills."""
    for path in spills:
        with pa.OSFile(path.as_posix()) as file:
            file.seek(file.size() - _START_BYTES * (buckets - bucket))
            file.seek(*array("q", file.read(_START_BYTES)))
            yield pa.ipc.read_record_batch(pa.ipc.read_message(file), NEEDED_SCHEMA)
