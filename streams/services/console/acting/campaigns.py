"""Holds a campaign, or lets it go.

It is done once Redis shows what was ordered. What is so already, as a worker has just said, is not ordered
again, nor what is on its way (`orders`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from kafka.errors import KafkaError
from redis.exceptions import RedisError

from events.fields import MAX_ID
from sinks.base import SinkUnavailable
from sinks.holds import find_all_holds
from streams.operations.campaign_holds import HoldOrder, send_order, wait_until_shown
from streams.services.console.acting.reaching_kafka import kept_from_sending
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.gate import NotForYou
from streams.services.console.orders import SentOrder
from streams.services.console.outcomes import REDIS_AWAY, Outcome, done_as_shown, unsure
from streams.services.console.page import PageRefused
from streams.services.console.pages.campaigns import address_of, covers, is_so_already, teams_of
from streams.services.console.rights import EVERYTHING, Scope
from streams.services.console.views import Audited

WAIT_S = 15.0
"""Seconds that Redis has to show an order."""


async def hold(asked: ActRequest) -> Outcome | Ready:
    """Hold a campaign until it is lifted; one whose hold ends by itself too."""
    return await _ready(asked, "hold")


async def lift(asked: ActRequest) -> Outcome | Ready:
    """Lift the hold of a campaign."""
    return await _ready(asked, "lift")


async def _ready(asked: ActRequest, act: Literal["hold", "lift"]) -> Outcome | Ready:
    campaign = asked.said.get("campaign", "")
    if not 1 <= len(campaign) <= MAX_ID:
        raise PageRefused.not_found()
    scope = asked.viewer.scope
    try:
        teams = await teams_of(asked.page(campaign=campaign), campaign)
    except PageRefused:
        raise _unknown(scope) from None
    if not covers(scope, teams):
        raise NotForYou(asked.signed_in)

    async def is_so() -> bool:
        return is_so_already(act, campaign, await find_all_holds(asked.deps.redis), asked.deps.wall())

    if not asked.deps.orders.is_waited_for(campaign) and await is_so():
        return done_as_shown(address_of(campaign))
    order = HoldOrder(campaign, None, act == "lift", asked.source)

    async def perform() -> Outcome:
        return await _ordered(asked, order, is_so)

    return Ready(Audited(campaign_id=campaign), perform)


async def _ordered(asked: ActRequest, order: HoldOrder, is_so: Callable[[], Awaitable[bool]]) -> Outcome:
    to = address_of(order.campaign)

    async def send() -> int:
        return await asyncio.to_thread(send_order, asked.deps.settings, order, asked.deps.wall())

    if (kept := await kept_from_sending(asked.deps.settings, to)) is not None:
        return kept
    try:
        async with asked.deps.orders.sent(order, is_so, send) as sent:
            if sent is None or await _is_shown(asked, sent):
                return done_as_shown(to)
    except SinkUnavailable:  # it is looked at before anything is sent
        return msgspec.structs.replace(REDIS_AWAY, to=to)
    except (KafkaError, OSError):
        return unsure(
            "Not sure that it was ordered",
            "Kafka did not say that it has the order, so do not rely on it. Look at what the campaign's page says, and "
            "order it again.",
            to,
        )
    return unsure(
        "Ordered, and not in force yet",
        "Kafka has the order, so it will be carried out. But Redis does not show it: do not rely on it until the "
        "campaign's page does. Does a worker run, and is Redis up? Or did somebody else order otherwise?",
        to,
    )


async def _is_shown(asked: ActRequest, sent: SentOrder) -> bool:
    try:
        return await asyncio.to_thread(wait_until_shown, asked.deps.settings, sent.order, sent.offset, WAIT_S)
    except RedisError:
        return False


def _unknown(scope: Scope) -> PageRefused:
    """Whose campaign it is cannot be known. To who sees a part, one of others looks the same."""
    if scope == EVERYTHING:
        return PageRefused(
            404,
            "No such campaign",
            "Nothing was heard of this campaign, so nobody can tell whose it is. Whoever operates Harmonia can "
            "hold it all the same.",
        )
    return PageRefused(
        404,
        "No such campaign",
        "Nothing was heard of this campaign, or it is not yours: you may hold those of your own teams alone.",
    )
