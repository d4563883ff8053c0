"""Filters an audience: has its chunks decided, by several processes if need be, and writes the rows into their files.

Allowed rows of a chunk are written once the whole chunk has been decided on profiles of which none was missing. When
that is no longer so the run ends there, and counts as failed: what was written until then is right, but not all. Few
chunks are under way at a time, so memory stays bounded however long the audience is.
"""

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO

from streams.domain.pressure.asking import REPEATED
from streams.services.audience import Audience, CsvRecord
from streams.services.audience_filter.chunk_filter import (
    DENIED_COLUMNS,
    ChunkFilter,
    ChunkVerdicts,
    FilterJob,
    ReasonCounts,
    UndecidedChunk,
    allowed_columns,
    denied_row,
)
from streams.services.permission.near_names import StoppedNames

CHUNK = 2_000
"""Rows of a chunk: eight times the 250 for which Redis is asked at once."""
ALONE = 2 * CHUNK
"""Rows up to which this process decides alone: it is done sooner than another has started."""
_AHEAD = 3

Chunk = Sequence[CsvRecord]
ChunkOutcome = tuple[Chunk, ChunkVerdicts | UndecidedChunk]


def judged_chunks(records: Iterable[CsvRecord], job: FilterJob, processes: int) -> Generator[ChunkOutcome, None, None]:
    """Every chunk with its results, in order; the last may be one that could not be decided."""
    chunks = _chunks(records)
    first = list(islice(chunks, ALONE // CHUNK + 1))
    if processes == 1 or len(first) <= ALONE // CHUNK:
        return _judge_in_this_process(chain(first, chunks), job)
    return _judge_in_pool(chain(first, chunks), job, processes)


def _chunks(records: Iterable[CsvRecord]) -> Iterator[Chunk]:
    rest = iter(records)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def denied_chunks(records: Iterable[CsvRecord], reason: str, as_of: int) -> Iterator[ChunkOutcome]:
    """Chunks of people who are all denied for one reason, by profiles as of a time (ms)."""
    for chunk in _chunks(records):
        verdicts = ChunkVerdicts(as_of)
        for record in chunk:
            verdicts.refuse(denied_row(record, reason), "deny", reason)
        yield chunk, verdicts


def _judge_in_this_process(chunks: Iterable[Chunk], job: FilterJob) -> Generator[ChunkOutcome, None, None]:
    with closing(ChunkFilter(job)) as filter_:
        yield from ((chunk, filter_.judge(chunk)) for chunk in chunks)


def _judge_in_pool(chunks: Iterator[Chunk], job: FilterJob, processes: int) -> Generator[ChunkOutcome, None, None]:
    pool = ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=_init_process, initargs=(job,)
    )
    under_way: deque[tuple[Chunk, Future[ChunkVerdicts | UndecidedChunk]]] = deque()
    try:
        while True:
            for chunk in islice(chunks, processes * _AHEAD - len(under_way)):
                under_way.append((chunk, pool.submit(_judge, chunk)))
            if not under_way:
                return
            chunk, found = under_way.popleft()
            yield chunk, found.result()
    finally:
        pool.shutdown(cancel_futures=True)


_filters: list[ChunkFilter] = []
"""The filter of this process, if it is one of the pool; it lives as long as the process."""


def _init_process(job: FilterJob) -> None:
    """Prepare a process of the pool. It ignores SIGINT, which reaches all: the parent ends the pool.

    It ends with its parent, however that does: else it would wait for ever for chunks of one that was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _filters.append(ChunkFilter(job))


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _judge(chunk: Chunk) -> ChunkVerdicts | UndecidedChunk:
    return _filters[0].judge(chunk)


Progress = Callable[[int, int], object]
"""Is called with the rows, and their bytes, that are done."""


@dataclass(slots=True)
class FilterSummary:
    """Counts of a run. `stopped`: why not all rows were decided. `as_of`: of its oldest chunk, ms; None: no chunk.

    `is_too_long`: it stopped for what it would have written, which another run would write as well.
    """

    rows: int = 0
    reasons: ReasonCounts = field(default_factory=Counter)
    as_of: int | None = None
    stopped: str | None = None
    is_too_long: bool = False
    stopped_names: StoppedNames = field(default_factory=StoppedNames)

    def count(self, decision: str) -> int:
        """How many rows got a decision."""
        return sum(number for (of, _), number in self.reasons.items() if of == decision)


class OutputFiles:
    """Writes rows into their files. `denied` None: people who may not be reached are only counted.

    `deferred`: for people who may be reached later; None: they go among the denied, in the order of the list.
    `tells_notices`: whether rows of the allowed say that a notice is due. `most_bytes`: of all files together.

    Each allowed person is remembered by eight bytes, about 100 MB for a million people, since one who is in an audience
    twice is to be reached once.
    """

    def __init__(  # noqa: PLR0913 (files, and what is said of them)
        self,
        audience: Audience,
        allowed: BinaryIO,
        denied: BinaryIO | None,
        deferred: BinaryIO | None = None,
        *,
        tells_notices: bool = False,
        most_bytes: int | None = None,
    ) -> None:
        self._allowed = allowed
        self._denied = denied
        self._deferred = deferred
        self._given: set[int] = set()
        self.most_bytes = most_bytes
        self._written = 0
        header = audience.header_with(DENIED_COLUMNS)
        self._write(audience.header_with(allowed_columns(tells_notices=tells_notices)), (allowed,))
        self._write(header, (denied, deferred))

    def _write(self, row: bytes, files: Iterable[BinaryIO | None]) -> None:
        for file in files:
            if file is not None:
                self._written += file.write(row)

    def write(self, chunk: Chunk, verdicts: ChunkVerdicts) -> ReasonCounts | None:
        """Write the rows of a chunk; returns their counts by decision and reason.

        None: with them it would be more bytes than it may be, so none of them was written.
        """
        reasons, rows = Counter(verdicts.reasons), []
        refused, deferred = self._parted(verdicts)
        for one in verdicts.allowed:
            if one.person in self._given:
                reasons["deny", REPEATED] += 1
                refused.append(denied_row(chunk[one.place], REPEATED))
            else:
                self._given.add(one.person)
                reasons["allow", one.reason] += 1
                rows.append(one.row)
        outputs = [(self._allowed, rows), (self._denied, refused), (self._deferred, deferred)]
        found = [(file, rows) for file, rows in outputs if file is not None]
        self._written += sum(len(row) for _, rows in found for row in rows)
        if self.most_bytes is not None and self._written > self.most_bytes:
            return None
        for file, rows in found:
            file.writelines(rows)
        return reasons

    def _parted(self, verdicts: ChunkVerdicts) -> tuple[list[bytes], list[bytes]]:
        """Rows for the file of the denied, and for that of the deferred, if they have a file of their own."""
        if self._deferred is None:
            return [*verdicts.refused], []
        refused = [row for place, row in enumerate(verdicts.refused) if place not in verdicts.deferred]
        return refused, [verdicts.refused[place] for place in sorted(verdicts.deferred)]


def too_long_message(most: int) -> str:
    """The message where a list becomes longer, with what is said of each row, than it may be."""
    cure = "take out columns that nobody needs, or judge it in parts"
    return f"the list is longer than {most:,} bytes with what is said of each row: {cure}"


def write_outcomes(outcomes: Iterable[ChunkOutcome], files: OutputFiles, told: Progress) -> FilterSummary:
    """Write the results of all chunks, up to one that could not be decided."""
    summary = FilterSummary()
    for chunk, found in outcomes:
        if isinstance(found, UndecidedChunk):
            summary.stopped = found.why
            break
        counted = files.write(chunk, found)
        if counted is None:
            summary.stopped, summary.is_too_long = too_long_message(files.most_bytes or 0), True
            break
        summary.reasons += counted
        summary.rows += len(chunk)
        summary.stopped_names.add(found.stopped)
        summary.as_of = found.as_of if summary.as_of is None else min(summary.as_of, found.as_of)
        told(len(chunk), sum(len(record.raw) for record in chunk))
    return summary
