"""Chunks of an audience judged in several processes, and given back in their order.

A chunk waits for no other, and only so many are under way that memory stays bounded however long the audience is.
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
"""Rows; Redis is asked for eight times 250 of them while answers are read."""
ALONE = 2 * CHUNK
"""So many rows are judged here, sooner than another process has started."""
_AHEAD = 3

Chunk = Sequence[CsvRecord]
ChunkOutcome = tuple[Chunk, ChunkVerdicts | Stopped]


def judged(records: Iterable[CsvRecord], job: FilterJob, processes: int) -> Generator[ChunkOutcome, None, None]:
    """Every chunk with what became of it, in order; the last one is where it stopped, if it did."""
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
    with closing(ChunkFilter(job)) as clerk:
        yield from ((chunk, clerk.judge(chunk)) for chunk in chunks)


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


_clerks: list[ChunkFilter] = []
"""Of this process, if it is one of a crew; it lives as long as the process does."""


def _begin(job: FilterJob) -> None:
    """An interrupt from the terminal reaches everyone: whoever waits for the crew ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _clerks.append(ChunkFilter(job))


def _judge(chunk: Chunk) -> ChunkVerdicts | Stopped:
    return _clerks[0].judge(chunk)
