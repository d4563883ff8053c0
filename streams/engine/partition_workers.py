"""Works on chunks in order: one in flight for each agent and partition (a lane), many of them at once.

An agent hands each run to its lane of that partition and takes the next. While one partition waits for its commit,
others are worked on. What every agent of a topic has done, and nothing else, may be committed to the group: not what
Faust saw acknowledged.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from faust.types import TP

from streams.engine.runs import ChunkLimits, Run, size_of, take_chunk

Process = Callable[[Run], Awaitable[None]]

#: Chunks of records that may wait in a lane before its partition is no longer fetched.
CHUNKS_AHEAD = 2


class Lane(NamedTuple):
    """One agent's work on one partition. Agents that read the same topic have a lane each, and share no chunk."""

    agent: str
    tp: TP


class PartitionWorkers:
    """Works on chunks of many lanes, keeps the order within each, and knows up to which offset all is done.

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
        self._agents: dict[str, list[str]] = defaultdict(list)
        self._linger_s: dict[str, float] = defaultdict(float)
        self._waiting: dict[Lane, deque[Run]] = defaultdict(deque)
        self._tasks: dict[Lane, asyncio.Task[None]] = {}
        self._bytes_ahead: dict[Lane, int] = defaultdict(int)
        self._in_hand: dict[Lane, Run] = {}
        self._generation: int | None = None
        self._room = asyncio.Event()
        self._done: dict[Lane, int] = {}
        #: Partition -> the offset after the last record that was taken from the broker for a lane.
        self.taken: dict[TP, int] = {}
        #: Partition -> the offset of the first record that was.
        self.taken_from: dict[TP, int] = {}

    def open(self, generation: int) -> None:
        """Accept runs of this generation of the group, and of no other."""
        self._generation = generation
        self._room.set()

    def expect(self, agent: str, topics: Iterable[str], linger_s: float = 0.0) -> None:
        """Say which topics an agent reads: nothing of them is done before this agent has done it too.

        `linger_s`: seconds from one chunk's beginning to the next one's, at least, so that at a slow pace there are
        fewer, each of more records. After a pause a chunk begins at once.
        """
        self._linger_s[agent] = linger_s
        for topic in topics:
            self._agents[topic].append(agent)

    def is_read(self, topic: str) -> bool:
        """Whether any agent is expected to read it."""
        return topic in self._agents

    def readers(self, topic: str) -> tuple[str, ...]:
        """The agents that are expected to read it."""
        return tuple(self._agents.get(topic, ()))

    def submit(self, agent: str, run: Run, process: Process) -> None:
        """Queue a run. One of another generation is dropped: it is not done, so its new owner gets it again.

        Raises `ValueError` for an agent that is not expected to read the topic: what it leaves undone would be
        committed.
        """
        if agent not in self._agents.get(run.tp.topic, ()):
            raise ValueError(f"the agent {agent} is not expected to read {run.tp.topic}")
        if run.generation != self._generation:
            return
        lane = Lane(agent, run.tp)
        self._waiting[lane].append(run)
        self._bytes_ahead[lane] += size_of(run)
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.create_task(self._work(lane, process))

    async def settle(self) -> None:
        """Accept no more, let each lane end the chunk in hand, drop what waits. Afterwards nothing is in flight."""
        self._generation = None
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=self._grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._waiting.clear()
        self._bytes_ahead.clear()

    @property
    def records_ahead(self) -> int:
        """Records of one partition that are worth fetching before the ones in hand are done."""
        return CHUNKS_AHEAD * self._limits.records

    def done_to(self, tp: TP) -> int | None:
        """The offset of this partition that may be committed: every agent has done all below it. None: not known."""
        done = [self._done.get(lane) for lane in self._lanes_of(tp)]
        known = [offset for offset in done if offset is not None]
        return min(known) if known and len(known) == len(done) else None

    def partitions(self) -> set[TP]:
        """Of which something is done."""
        return {lane.tp for lane in self._done}

    def forget(self) -> None:
        """Forget what is done and taken: the partitions belong to somebody else now."""
        self._done.clear()
        self.taken.clear()
        self.taken_from.clear()

    def full(self) -> set[TP]:
        """Partitions of which no more records should be fetched: a lane has enough waiting."""
        most_records, most_bytes = self.records_ahead, CHUNKS_AHEAD * self._limits.bytes
        return {
            lane.tp
            for lane, waiting in self._waiting.items()
            if waiting
            and (self._bytes_ahead[lane] >= most_bytes or sum(len(run.records) for run in waiting) >= most_records)
        }

    def oldest_at(self, tp: TP) -> int | None:
        """When the oldest record was appended that was taken for a lane and is not done, in ms; None: there is none."""
        oldest = [at for lane in self._lanes_of(tp) if (at := self._oldest_of(lane)) is not None]
        return min(oldest) if oldest else None

    def _oldest_of(self, lane: Lane) -> int | None:
        in_hand, waiting = self._in_hand.get(lane), self._waiting.get(lane)
        first = in_hand or (waiting[0] if waiting else None)
        return first.records[0].timestamp if first and first.records else None

    def _lanes_of(self, tp: TP) -> list[Lane]:
        return [Lane(agent, tp) for agent in self._agents.get(tp.topic, ())]

    async def wait_for_room(self) -> None:
        """Return once a lane has finished a chunk since the last call."""
        self._room.clear()
        await self._room.wait()

    async def _work(self, lane: Lane, process: Process) -> None:
        waiting = self._waiting[lane]
        try:
            while waiting and waiting[0].generation == self._generation:
                began = time.monotonic()
                chunk = self._in_hand[lane] = take_chunk(waiting, self._limits)
                self._bytes_ahead[lane] -= size_of(chunk)
                await process(chunk)
                self._done[lane] = chunk.next_offset
                self._in_hand.pop(lane)
                self._room.set()
                if (left := began + self._linger_s[lane.agent] - time.monotonic()) > 0:
                    await asyncio.sleep(left)
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
            self._generation = None  # nor may a later chunk be done, and committed past this one
            self._on_failure(lane.tp, error)
        finally:
            self._in_hand.pop(lane, None)
            del self._tasks[lane]
