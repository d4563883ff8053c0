"""A semaphore by weight: how many records may be worked on at once in a process, whoever does it.

A worker owns many partitions and all of them work on one core. If each had a full chunk in hand, every one would take
as long as all of them together, and a transaction longer than the broker lets it. Small chunks cost nothing but the
wait for the broker, so they need not wait for each other.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class WeightedSemaphore:
    """Admits work up to so many records at once; a larger piece of work alone. First come, first served."""

    def __init__(self, records: int) -> None:
        self._most = records
        self._under_way = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, records: int) -> AsyncIterator[None]:
        """Wait for one's turn, and hold it for the length of the block."""
        await self._begin(records)
        try:
            yield
        finally:
            self._end(records)

    async def _begin(self, records: int) -> None:
        if not self._waiting and self._fits(records):
            self._under_way += records
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((records, turn))
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._end(records)  # the turn came and nobody takes it
            else:
                self._let_in()
            raise

    def _end(self, records: int) -> None:
        self._under_way -= records
        self._let_in()

    def _let_in(self) -> None:
        """Several who wait may be cancelled at once, and some of them learn of it later than others."""
        while self._waiting and (self._waiting[0][1].done() or self._fits(self._waiting[0][0])):
            records, turn = self._waiting.popleft()
            if not turn.done():
                self._under_way += records
                turn.set_result(None)

    def _fits(self, records: int) -> bool:
        return self._under_way == 0 or self._under_way + records <= self._most
