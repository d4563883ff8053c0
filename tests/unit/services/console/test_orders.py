import asyncio
from dataclasses import dataclass, field

from streams.operations.campaign_holds import HoldOrder
from streams.services.console.orders import Orders, SentOrder

HOLD = HoldOrder("gotv-3", None, False, "console/ada")
LIFT = HoldOrder("gotv-3", None, True, "console/bob")


@dataclass(slots=True)
class Office:
    """Readers who order, and wait until `shown`. `held`: what Redis says; `sent`: orders in order."""

    held: bool = False
    orders: Orders = field(default_factory=Orders)
    sent: list[HoldOrder] = field(default_factory=list)
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Queue[SentOrder | None] = field(default_factory=asyncio.Queue)

    async def order(self, order: HoldOrder) -> SentOrder | None:
        async def is_so_already() -> bool:
            return self.held != order.lift

        async def send() -> int:
            await asyncio.sleep(0)
            self.sent.append(order)
            return len(self.sent)

        async with self.orders.sent(order, is_so_already, send) as found:
            self.waiting.put_nowait(found)
            if found is not None:
                await self.shown.wait()
        return found


async def test_who_lifts_need_not_wait_until_the_hold_before_is_carried_out() -> None:
    office = Office()
    hold = asyncio.create_task(office.order(HOLD))
    await office.waiting.get()
    lift = asyncio.create_task(office.order(LIFT))
    async with asyncio.timeout(20):
        assert await office.waiting.get() == SentOrder(LIFT, 2)
    assert not hold.done()
    office.shown.set()
    assert await hold == SentOrder(HOLD, 1)
    await lift
    assert office.sent == [HOLD, LIFT]


async def test_a_form_that_is_sent_twice_orders_once_and_both_wait_for_it() -> None:
    office = Office()
    both = [asyncio.create_task(office.order(HOLD)) for _ in range(2)]
    assert [await office.waiting.get() for _ in both] == [SentOrder(HOLD, 1)] * 2
    office.shown.set()
    await asyncio.gather(*both)
    assert office.sent == [HOLD]


async def test_what_is_so_already_is_not_ordered_again() -> None:
    office = Office(held=True)
    assert await office.order(HOLD) is None
    assert office.sent == []
    office.shown.set()
    assert await office.order(LIFT) == SentOrder(LIFT, 1)
    office.held = False
    assert await office.order(LIFT) is None


async def test_an_order_that_cannot_be_sent_stands_in_nobodys_way() -> None:
    office = Office()

    async def fails() -> int:
        raise OSError

    async def is_not_so() -> bool:
        return False

    for _ in range(2):
        try:
            async with office.orders.sent(HOLD, is_not_so, fails):
                raise AssertionError("nothing was sent")
        except OSError:
            pass
    office.shown.set()
    assert await office.order(HOLD) == SentOrder(HOLD, 1)
