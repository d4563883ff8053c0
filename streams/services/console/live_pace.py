"""Who goes first where the console has more to do than time: whoever asks for a page, then blocks of open pages.

Blocks of open pages are loaded a few at a time, each after the pages that are being made, and where that takes most of
the time there is they are loaded less often, but never so seldom that they count as stopped for that alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

LANES = 2
"""So many blocks of open pages are loaded at once, which is half of what the desk answers at once."""
SHARE = 0.5
"""The part of the lanes' time that loading may take before blocks are loaded less often."""
MOST_STRETCH = 2.0
"""Blocks are loaded so many times their rate apart at most: at three times they count as stopped."""
LOOK_EVERY_S = 2.0
SLOW_S = 2.0
"""Seconds after which a block that is still loaded gives its lane to the next: what hangs holds up nothing else."""
PATIENCE_S = 0.25
"""Seconds that a block waits for pages at most, so that open pages go on however many are asked for."""


def stretched(stretch: float, busy: float) -> float:
    """How many times their rate apart blocks are to be loaded.

    `stretch`: how many it was so far; `busy`: the part of the lanes' time that loading took at that.
    """
    return min(MOST_STRETCH, max(1.0, stretch * busy / SHARE))


class _Lane:
    """A lane that is left once, however often that is said."""

    def __init__(self, lanes: asyncio.Semaphore) -> None:
        self._lanes: asyncio.Semaphore | None = lanes

    def leave(self) -> None:
        """Let the next one have it."""
        if self._lanes is not None:
            self._lanes.release()
            self._lanes = None


class Pace:
    """Lets pages go first. `stretch`: how many times their rate apart blocks are loaded.

    `clock`: seconds that only grow; `told`: is told each new stretch.
    """

    def __init__(self, clock: Callable[[], float], told: Callable[[float], None]) -> None:
        self.stretch = 1.0
        self._clock = clock
        self._told = told
        self._lanes = asyncio.Semaphore(LANES)
        self._pages = 0
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._busy_s = 0.0
        self._looked_at = clock()

    @contextmanager
    def page(self) -> Iterator[None]:
        """A page is made for the length of the block."""
        self._pages += 1
        self._is_free.clear()
        try:
            yield
        finally:
            self._pages -= 1
            if not self._pages:
                self._is_free.set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A block of an open page is loaded for the length of the block, which begins when it is its turn."""
        await self._lanes.acquire()
        lane = _Lane(self._lanes)
        late = asyncio.get_running_loop().call_later(SLOW_S, lane.leave)
        began = self._clock()
        try:
            await self._after_pages()
            yield
        finally:
            late.cancel()
            lane.leave()
            self._count(began)

    async def _after_pages(self) -> None:
        if self._pages:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._is_free.wait()

    def _count(self, began: float) -> None:
        now = self._clock()
        self._busy_s += now - began
        passed = now - self._looked_at
        if passed >= LOOK_EVERY_S:
            self.stretch = stretched(self.stretch, self._busy_s / (LANES * passed))
            self._told(self.stretch)
            self._busy_s, self._looked_at = 0.0, now
