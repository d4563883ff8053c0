"""Orders about campaigns that are under way: two of one campaign are sent one after the other, and waited for at once.

Whoever orders what somebody else has ordered a moment ago waits for that one, so a form that is sent twice does no
harm; whoever orders the contrary need not wait until the first one is carried out.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from streams.operations.campaign_holds import HoldOrder


@dataclass(frozen=True, slots=True)
class SentOrder:
    """An order and the offset of its record."""

    order: HoldOrder
    offset: int


@dataclass(slots=True, weakref_slot=True)
class _Campaign:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: SentOrder | None = None
    """The last one that was sent, while somebody waits for it."""


class Orders:
    """The orders of one process that are under way."""

    def __init__(self) -> None:
        self._campaigns: WeakValueDictionary[str, _Campaign] = WeakValueDictionary()

    def is_waited_for(self, campaign: str) -> bool:
        """Whether an order about it was sent whose effect somebody waits for."""
        place = self._campaigns.get(campaign)
        return place is not None and place.last is not None

    @asynccontextmanager
    async def sent(
        self, order: HoldOrder, is_so_already: Callable[[], Awaitable[bool]], send: Callable[[], Awaitable[int]]
    ) -> AsyncIterator[SentOrder | None]:
        """The order as it was sent, to be waited for in the block; None: it is so already.

        What Redis says of it counts only while no other order is on its way.
        """
        place = self._campaigns.setdefault(order.campaign, _Campaign())
        async with place.lock:
            sent = place.last
            is_new = sent is None or sent.order.lift != order.lift
            if is_new and not (sent is None and await is_so_already()):
                sent = place.last = SentOrder(order, await send())
        try:
            yield sent
        finally:
            if place.last is sent:
                place.last = None
