"""From files to buckets of contacts, and a piece of work for each bucket, with as many processes as there are cores."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa

from sinks.lake.files import open_files
from streams.engine.garbage_collector import collect_rarely
from streams.history.refold.contact_rows import History, histories
from streams.history.refold.lake_source import Piece, Wanted, batches, everything, pieces
from streams.history.refold.spill_files import Spiller, read_bucket

ROWS_IN_A_BUCKET = 100_000
"""About so many rows are in memory of a process at once, at 1 KB each."""

ROWS_IN_A_TASK = 1_000_000
"""A process sorts files of about so many rows, then others."""

Prepare = Callable[[str, pa.RecordBatch], pa.RecordBatch]
"""Given the lake's place and rows of it, other rows in the same columns; pickled, so a module's function."""

Given = TypeVar("Given")
Made = TypeVar("Made")


class Gathered(NamedTuple):
    """History by contact: spills in a folder, in so many buckets; `without`: rows that are of nobody.

    The folder may be deleted as soon as nobody reads of it any more.
    """

    spills: tuple[Path, ...]
    buckets: int
    rows: int
    without: int


class Bucket(NamedTuple):
    """A share of the contacts: one of so many."""

    number: int
    buckets: int
    spills: tuple[Path, ...]

    def histories(self) -> Iterator[History]:
        """Each of its contacts once, in no order."""
        return histories(read_bucket(self.spills, self.number, self.buckets))


class _Task(NamedTuple):
    number: int
    names: tuple[str, ...]


class _Spilt(NamedTuple):
    rows: int
    without: int


def as_they_are(_: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows go by their fragment."""
    return batch


def gather(  # noqa: PLR0913 (what, where to, and how)
    place: str,
    folder: Path,
    processes: int = 1,
    wanted: Wanted = everything,
    rows_in_a_bucket: int = ROWS_IN_A_BUCKET,
    *,
    prepare: Prepare = as_they_are,
) -> Gathered:
    """Sort the rows of the lake at `place` (a folder or a URI) into files of `folder`, which is new or empty.

    `prepare` may put another name in a fragment's place, by which rows go instead.

    They take about a third of what the events are long. Raises OSError, and ValueError and `Damaged` for what is no
    lake. FileNotFoundError: files were merged in the meantime; begin again with an empty folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = pieces(open_files(place), wanted)
    buckets = max(processes, -(-sum(piece.rows for piece in found) // rows_in_a_bucket))
    spill = partial(_spill, place, folder, buckets, prepare)
    done = list(in_processes(spill, _tasks(found), processes))
    spills = tuple(sorted(folder.glob("*.arrow")))
    return Gathered(spills, buckets, sum(each.rows for each in done), sum(each.without for each in done))


def each_bucket(gathered: Gathered, work: Callable[[Bucket], Made], processes: int = 1) -> Iterator[Made]:
    """What `work` makes of each bucket, in their order. It is pickled: a module's function or a `partial`."""
    buckets = (Bucket(number, gathered.buckets, gathered.spills) for number in range(gathered.buckets))
    return in_processes(work, buckets, processes)


def in_processes(work: Callable[[Given], Made], tasks: Iterable[Given], processes: int) -> Iterator[Made]:
    """What `work` makes of each task, in their order; with one process in this one."""
    if processes == 1:
        yield from map(work, tasks)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin) as pool:
        try:
            yield from pool.map(work, tasks)
        finally:
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """A process has a core for itself, and gives back what it does not need."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.set_memory_pool(pa.system_memory_pool())
    collect_rarely()


def _tasks(found: Sequence[Piece]) -> Iterator[_Task]:
    number, names, rows = 0, list[str](), 0
    for piece in found:
        names.append(piece.name)
        rows += piece.rows
        if rows >= ROWS_IN_A_TASK:
            yield _Task(number, tuple(names))
            number, names, rows = number + 1, [], 0
    if names:
        yield _Task(number, tuple(names))


def _spill(place: str, folder: Path, buckets: int, prepare: Prepare, task: _Task) -> _Spilt:
    files = open_files(place)
    spiller = Spiller(folder, f"spill-{task.number:06}", buckets)
    for name in task.names:
        for batch in batches(files, name):
            spiller.take(prepare(place, batch))
    spiller.spill()
    return _Spilt(spiller.rows, spiller.without)
