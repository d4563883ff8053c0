import asyncio
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.weighted_semaphore import WeightedSemaphore


class Work:
    """Pieces of work that hold their turn until they are told to end."""

    def __init__(self, turns: WeightedSemaphore) -> None:
        self._turns = turns
        self._ends: dict[int, asyncio.Event] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.under_way: list[int] = []

    async def begin(self, *sizes: int) -> None:
        for size in sizes:
            number = len(self._tasks)
            self._ends[number] = asyncio.Event()
            self._tasks[number] = asyncio.create_task(self._do(number, size))
        await self._settle()

    async def end(self, number: int) -> None:
        self._ends[number].set()
        await self._settle()

    async def cancel(self, number: int) -> None:
        self._tasks[number].cancel()
        with suppress(asyncio.CancelledError):
            await self._tasks[number]
        await self._settle()

    async def _do(self, number: int, size: int) -> None:
        async with self._turns.of(size):
            self.under_way.append(number)
            try:
                await self._ends[number].wait()
            finally:
                self.under_way.remove(number)

    async def _settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


async def test_small_pieces_are_worked_on_together() -> None:
    work = Work(WeightedSemaphore(100))

    await work.begin(*[10] * 12)

    assert work.under_way == list(range(10))
    await work.end(3)
    assert work.under_way == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]


async def test_a_small_piece_does_not_overtake_a_large_one() -> None:
    """Else a large one would wait for ever."""
    work = Work(WeightedSemaphore(100))

    await work.begin(60, 60, 10)

    assert work.under_way == [0]


async def test_who_waits_and_is_cancelled_is_not_waited_for() -> None:
    work = Work(WeightedSemaphore(100))
    await work.begin(60, 60, 10)

    await work.cancel(1)

    assert work.under_way == [0, 2]


async def test_a_turn_that_comes_together_with_a_cancel_is_passed_on() -> None:
    turns = WeightedSemaphore(1)
    async with turns.of(1):
        waiting = asyncio.create_task(turns._begin(1))
        await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(1), turns.of(1):
        pass


@given(sizes=st.lists(st.integers(1, 120), max_size=20), data=st.data())
async def test_everybody_has_a_turn_and_never_too_much_is_under_way(sizes: list[int], data: st.DataObject) -> None:
    work = Work(WeightedSemaphore(100))
    await work.begin(*sizes)
    done = []
    while work.under_way:
        at_once = [sizes[number] for number in work.under_way]
        assert len(at_once) == 1 or sum(at_once) <= 100
        done.append(data.draw(st.sampled_from(work.under_way)))
        await work.end(done[-1])
    assert sorted(done) == list(range(len(sizes)))


async def test_whoever_waits_may_be_cancelled_all_at_once() -> None:
    """As all late lanes are before a rebalance; the holder unwinds before those who wait for it."""
    turns = WeightedSemaphore(100)
    ended = asyncio.Event()

    async def work(records: int) -> None:
        async with turns.of(records):
            await ended.wait()

    tasks = [asyncio.create_task(work(size)) for size in (60, 90, 20, 60)]
    for _ in range(3):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 4
    async with asyncio.timeout(1), turns.of(100):
        pass
