import asyncio

import pytest

from streams.services.console import live_pace
from streams.services.console.live_pace import LANES, MOST_STRETCH, Pace, stretched


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("stretch", "busy", "next_"),
    [
        (1.0, 0.0, 1.0),
        (1.0, 0.5, 1.0),
        (1.0, 0.75, 1.5),
        (1.5, 0.5, 1.5),
        (1.5, 0.4, pytest.approx(1.2)),
        (1.0, 1.0, MOST_STRETCH),
        (MOST_STRETCH, 1.0, MOST_STRETCH),
        (MOST_STRETCH, 0.1, 1.0),
    ],
)
def test_blocks_are_loaded_so_much_less_often_that_half_of_the_time_is_left(
    stretch: float, busy: float, next_: float
) -> None:
    assert stretched(stretch, busy) == next_


async def test_a_block_of_an_open_page_waits_until_the_page_that_is_asked_for_is_made() -> None:
    order: list[str] = []
    pace = Pace(Clock(), lambda _: None)

    async def block() -> None:
        async with pace.turn():
            order.append("block")

    with pace.page():
        waits = asyncio.create_task(block())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.append("page")
    await waits
    assert order == ["page", "block"]


async def test_a_block_does_not_wait_for_pages_without_an_end() -> None:
    pace = Pace(Clock(), lambda _: None)
    with pace.page():
        async with pace.turn():
            pass


async def test_so_many_blocks_are_loaded_at_once_and_no_more() -> None:
    pace, under_way, most = Pace(Clock(), lambda _: None), 0, 0
    full, go_on = asyncio.Event(), asyncio.Event()

    async def block() -> None:
        nonlocal under_way, most
        async with pace.turn():
            under_way += 1
            most = max(most, under_way)
            if under_way == LANES:
                full.set()
            await go_on.wait()
            under_way -= 1

    tasks = [asyncio.create_task(block()) for _ in range(3 * LANES)]
    await full.wait()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*tasks)
    assert most == LANES


async def test_while_loading_takes_all_the_time_there_is_blocks_are_loaded_less_often_and_then_as_before() -> None:
    clock = Clock()
    told: list[float] = []
    pace = Pace(clock, told.append)

    async def both_lanes(seconds: float) -> None:
        async with pace.turn(), pace.turn():
            clock.seconds += seconds

    for _ in range(5):
        await both_lanes(2.0)
    assert pace.stretch == MOST_STRETCH
    for _ in range(5):
        clock.seconds += 60
        await both_lanes(0.1)
    assert pace.stretch == told[-1] == 1.0


async def test_blocks_whose_store_does_not_answer_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_pace, "SLOW_S", 0.01)
    pace, answers = Pace(Clock(), lambda _: None), asyncio.Event()

    async def hangs() -> None:
        async with pace.turn():
            await answers.wait()

    slow = [asyncio.create_task(hangs()) for _ in range(LANES)]
    async with asyncio.timeout(20):
        async with pace.turn():
            assert not any(each.done() for each in slow)
        answers.set()
        await asyncio.gather(*slow)
    async with pace.turn(), pace.turn():  # each lane was left once
        assert pace._lanes.locked()
