"""Decides chunks of an audience in several processes, and yields the results in order.

Few chunks are under way at a time, so memory stays bounded however long the audience is.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from itertools import chain, islice

from streams.services.audience import CsvRecord
from streams.services.audience_filter.chunk_filter import ChunkFilter, ChunkVerdicts, FilterJob, Stopped

CHUNK = 2_000
"""Rows of a chunk: eight times the 250 for which Redis is asked at once."""
ALONE = 2 * CHUNK
"""Rows up to which this process decides alone: it is done sooner than another has started."""
_AHEAD = 3

Chunk = Sequence[CsvRecord]
ChunkOutcome = tuple[Chunk, ChunkVerdicts | Stopped]


def judged_chunks(records: Iterable[CsvRecord], job: FilterJob, processes: int) -> Generator[ChunkOutcome, None, None]:
    """Every chunk with its results, in order; the last may be one that could not be decided."""
    chunks = _chunks(records)
    first = list(islice(chunks, ALONE // CHUNK + 1))
    if processes == 1 or len(first) <= ALONE // CHUNK:
        return _here(chain(first, chunks), job)
    return _elsewhere(chain(first, chunks), job, processes)


def _chunks(records: Iterable[CsvRecord]) -> Iterator[Chunk]:
    rest = iter(records)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _here(chunks: Iterable[Chunk], job: FilterJob) -> Generator[ChunkOutcome, None, None]:
    with closing(ChunkFilter(job)) as filter_:
        yield from ((chunk, filter_.judge(chunk)) for chunk in chunks)


def _elsewhere(chunks: Iterator[Chunk], job: FilterJob, processes: int) -> Generator[ChunkOutcome, None, None]:
    pool = ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=_begin, initargs=(job,)
    )
    under_way: deque[tuple[Chunk, Future[ChunkVerdicts | Stopped]]] = deque()
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


def _begin(job: FilterJob) -> None:
    """Prepare a process of the pool. It ignores SIGINT, which reaches all: the parent ends the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _filters.append(ChunkFilter(job))


def _judge(chunk: Chunk) -> ChunkVerdicts | Stopped:
    return _filters[0].judge(chunk)
