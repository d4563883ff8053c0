"""Sorts rows of history into buckets of contacts that fit into memory, and works on the buckets with several processes.

A bucket is a share of the contacts, by a hash of their ids. Rows in any order are spilled into files: each a stream of
Arrow batches, one for each bucket in order, followed by the offset of each. So a bucket is read with two seeks in every
spill, and no process ever holds more than one spill in memory.
"""

import multiprocessing
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from sinks.lake.files import open_files
from streams.engine.garbage_collector import collect_rarely
from streams.history.refold.contact_rows import ContactHistory, histories
from streams.history.refold.lake_source import (
    NEEDED_SCHEMA,
    LakeFileRows,
    Wanted,
    every_file,
    interaction_files,
    read_batches,
    with_contact_and_event,
)

SPILL_BYTES = 64 << 20
"""Rows are sorted and spilled once this many bytes are waiting."""

_START_BYTES = array("q").itemsize
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)


def bucket_of(contact_id: str, buckets: int) -> int:
    """A contact's bucket number, of `buckets`."""
    return crc32(contact_id.encode()) % buckets


class Spiller:
    """Takes rows and spills them, sorted by bucket, into files of `folder` whose names begin with `name`.

    Rows without a contact or an event are skipped and counted in `without`.
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
        """Add rows in `NEEDED_SCHEMA`."""
        kept = with_contact_and_event(batch)
        self.without += len(batch) - len(kept)
        self.rows += len(kept)
        if not len(kept):
            return
        self._waiting.append(kept)
        self._bytes += kept.nbytes
        if self._bytes >= SPILL_BYTES:
            self.spill()

    def spill(self) -> None:
        """Write the waiting rows; to be called at the end."""
        if not self._bytes:
            return
        table = pa.Table.from_batches(self._waiting, NEEDED_SCHEMA).combine_chunks()
        self._waiting, self._bytes = [], 0
        _write_spill(table, self._buckets, self._folder / f"{self._name}-{self._spills}.arrow")
        self._spills += 1


def _write_spill(table: pa.Table, buckets: int, path: Path) -> None:
    numbers = [bucket_of(name, buckets) for name in table["fragment"].to_pylist()]
    counts = [0] * buckets
    for number in numbers:
        counts[number] += 1
    rows = table.take(pc.sort_indices(pa.array(numbers, pa.int32()))).combine_chunks().to_batches()[0]
    starts = array("q")
    with pa.OSFile(path.as_posix(), "wb") as file:
        with pa.ipc.new_stream(file, NEEDED_SCHEMA, options=_OPTIONS) as stream:
            stream.write_batch(rows.slice(0, 0))  # the first batch carries the schema
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
    """The rows of one of `buckets` buckets from all spills."""
    for path in spills:
        with pa.OSFile(path.as_posix()) as file:
            file.seek(file.size() - _START_BYTES * (buckets - bucket))
            file.seek(*array("q", file.read(_START_BYTES)))
            yield pa.ipc.read_record_batch(pa.ipc.read_message(file), NEEDED_SCHEMA)


ROWS_IN_A_BUCKET = 100_000
"""Rows that a process has in memory at once, about 1 KB each."""

ROWS_IN_A_TASK = 1_000_000
"""Rows of the files that a process sorts before it takes the next ones."""

Prepare = Callable[[pa.RecordBatch], pa.RecordBatch]
"""Given rows of a lake, other rows in the same columns. Pickled: a function of a module or a `partial`."""

Task = TypeVar("Task")
Result = TypeVar("Result")


class SortedHistory(NamedTuple):
    """History sorted into `buckets` buckets, in spills of a folder. `without`: rows without a contact or an event.

    The folder may be deleted once nobody reads from it any more.
    """

    spills: tuple[Path, ...]
    buckets: int
    rows: int
    without: int


class Bucket(NamedTuple):
    """A share of the contacts: number `number` of `buckets`."""

    number: int
    buckets: int
    spills: tuple[Path, ...]

    def histories(self) -> Iterator[ContactHistory]:
        """The history of each of its contacts once, in no order."""
        return histories(read_bucket(self.spills, self.number, self.buckets))


class _SpillTask(NamedTuple):
    number: int
    names: tuple[str, ...]


class _SpillCounts(NamedTuple):
    rows: int
    without: int


def unchanged_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows as they are, to be sorted by their fragment."""
    return batch


def sort_history(  # noqa: PLR0913 (what, where to, and how)
    place: str,
    folder: Path,
    processes: int = 1,
    wanted: Wanted = every_file,
    rows_in_a_bucket: int = ROWS_IN_A_BUCKET,
    *,
    prepare: Prepare = unchanged_rows,
) -> SortedHistory:
    """Sort the rows of the lake at `place` (a folder or a URI) into files of `folder`, which is new or empty.

    `prepare` may replace the fragment, by which rows are sorted. The files take about a third of the events' bytes.
    Raises OSError, and ValueError and `Damaged` for what is no lake. FileNotFoundError: files were merged in the
    meantime; begin again with an empty folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = interaction_files(open_files(place), wanted)
    buckets = max(processes, -(-sum(piece.rows for piece in found) // rows_in_a_bucket))
    spill = partial(_spill, place, folder, buckets, prepare)
    done = list(in_processes(spill, _tasks(found), processes))
    spills = tuple(sorted(folder.glob("*.arrow")))
    return SortedHistory(spills, buckets, sum(each.rows for each in done), sum(each.without for each in done))


def each_bucket(gathered: SortedHistory, work: Callable[[Bucket], Result], processes: int = 1) -> Iterator[Result]:
    """The results of `work` for each bucket, in order. `work` is pickled: a function of a module or a `partial`."""
    buckets = (Bucket(number, gathered.buckets, gathered.spills) for number in range(gathered.buckets))
    return in_processes(work, buckets, processes)


def in_processes(work: Callable[[Task], Result], tasks: Iterable[Task], processes: int) -> Iterator[Result]:
    """The results of `work` for each task, in order; with one process it runs in this one.

    Each process is given `work` once, so what it holds may be large.
    """
    if processes == 1:
        yield from map(work, tasks)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin, initargs=(work,)) as pool:
        try:
            yield from pool.map(_do, tasks)
        finally:
            pool.shutdown(cancel_futures=True)


_given: list[Callable[[Any], Any]] = []
"""In a worker process: its work."""


def _do(task: object) -> Any:
    [work] = _given
    return work(task)


def _begin(work: Callable[[Any], Any]) -> None:
    """Give a worker process its work, limit it to one core, and have it return memory that it does not need."""
    _given.append(work)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.set_memory_pool(pa.system_memory_pool())
    collect_rarely()


def _tasks(found: Sequence[LakeFileRows]) -> Iterator[_SpillTask]:
    number, names, rows = 0, list[str](), 0
    for piece in found:
        names.append(piece.name)
        rows += piece.rows
        if rows >= ROWS_IN_A_TASK:
            yield _SpillTask(number, tuple(names))
            number, names, rows = number + 1, [], 0
    if names:
        yield _SpillTask(number, tuple(names))


def _spill(place: str, folder: Path, buckets: int, prepare: Prepare, task: _SpillTask) -> _SpillCounts:
    files = open_files(place)
    spiller = Spiller(folder, f"spill-{task.number:06}", buckets)
    for name in task.names:
        for batch in read_batches(files, name):
            spiller.take(prepare(batch))
    spiller.spill()
    return _SpillCounts(spiller.rows, spiller.without)
