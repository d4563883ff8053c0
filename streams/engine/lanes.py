"""Lanes: one chunk in flight for each partition, many partitions at once.

An agent hands each run to the lane of its partition and takes the next. While one partition waits for its commit,
others are worked on. What a lane has done, and nothing else, may be committed to the group: not what Faust saw
acknowledged.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

from faust.types import TP

from streams.engine.runs import ChunkLimits, Run, take_chunk

Process = Callable[[Run], Awaitable[None]]

#: Chunks of records that may wait in a lane before its partition is no longer fetched.
CHUNKS_AHEAD = 2


class Lanes:
    """Works on chunks, keeps the order within a partition, and says what is done.

    Parameters:
        limits: the largest chunk.
        grace_seconds: how long `settle` waits for chunks in hand before it cancels them.
        on_failure: called once with the exception that a lane's work raised. The chunk is not done; the process must
        stop.
    """

    def __init__(
        self, limits: ChunkLimits, grace_seconds: float, on_failure: Callable[[TP, BaseException], None]
    ) -> None:
        self._limits = limits
        self._grace_seconds = grace_seconds
        self._on_failure = on_failure
        self._waiting: dict[TP, deque[Run]] = defaultdict(deque)
        self._tasks: dict[TP, asyncio.Task[None]] = {}
        self._in_hand: dict[TP, Run] = {}
        self._generation: int | None = None
        self._room = asyncio.Event()
        #: Partition -> the offset that may be committed: everything below it is done.
        self.done: dict[TP, int] = {}
        #: Partition -> the offset after the last record that was taken from the broker for a lane.
        self.taken: dict[TP, int] = {}

    def open(self, generation: int) -> None:
        """Accept runs of this generation of the group, and of no other."""
        self._generation = generation
        self._room.set()

    def submit(self, run: Run, process: Process) -> None:
        """Queue a run. One of another generation is dropped: it is not done, so its new owner gets it again."""
        if run.generation != self._generation:
            return
        self._waiting[run.tp].append(run)
        if run.tp not in self._tasks:
            self._tasks[run.tp] = asyncio.create_task(self._work(run.tp, process))

    async def settle(self) -> None:
        """Accept no more, let each lane end the chunk in hand, drop what waits. Afterwards nothing is in flight."""
        self._generation = None
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=self._grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._waiting.clear()

    @property
    def records_ahead(self) -> int:
        """Records of one partition that are worth fetching before the ones in hand are done."""
        return CHUNKS_AHEAD * self._limits.records

    def has_room(self, tp: TP) -> bool:
        """Whether more records of this partition should be fetched."""
        waiting = self._waiting.get(tp)
        return waiting is None or sum(len(run.records) for run in waiting) < self.records_ahead

    def oldest_at(self, tp: TP) -> int | None:
        """When the oldest record that was taken for this lane and is not done was appended; None: there is none."""
        in_hand, waiting = self._in_hand.get(tp), self._waiting.get(tp)
        first = in_hand or (waiting[0] if waiting else None)
        return first.records[0].timestamp if first and first.records else None

    async def wait_for_room(self) -> None:
        """Return once a lane has finished a chunk since the last call."""
        self._room.clear()
        await self._room.wait()

    async def _work(self, tp: TP, process: Process) -> None:
        waiting = self._waiting[tp]
        try:
            while waiting and waiting[0].generation == self._generation:
                chunk = self._in_hand[tp] = take_chunk(waiting, self._limits)
                await process(chunk)
                self.done[tp] = chunk.next_offset
                self._room.set()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
            self._generation = None  # nor may a later chunk be done, and committed past this one
            self._on_failure(tp, error)
        finally:
            self._in_hand.pop(tp, None)
            del self._tasks[tp]
