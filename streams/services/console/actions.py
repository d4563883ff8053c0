"""What is changed from the console: a campaign is put on hold, or let go.

A form is answered once Redis shows what it ordered. What is so already, as a worker has just said, is not ordered
again, nor what is on its way (`orders`), and nothing is sent before the order is in the audit log.
"""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from kafka.errors import KafkaError
from redis.exceptions import RedisError

from events.fields import MAX_ID
from sinks.holds import find_all_holds
from streams.operations.campaign_holds import HoldOrder, send_order, wait_until_shown
from streams.services.console.gate import Console, NotForYou, message_page, posted
from streams.services.console.live import why_withheld
from streams.services.console.orders import Orders, SentOrder
from streams.services.console.page import PageRefused, Withheld
from streams.services.console.pages.campaigns import ORDERED_HERE, address_of, covers, is_so_already, teams_of
from streams.services.console.rights import EVERYTHING, Scope
from streams.services.console.signin import SignedIn

WAIT_S = 15.0
"""Seconds that Redis has to show an order."""
Act = Literal["hold", "lift"]


def routes(console: Console) -> APIRouter:
    """The routes that hold and lift."""
    router = APIRouter()
    orders = Orders()

    def add(act: Act) -> None:
        @router.post(f"/campaigns/{act}", name=act)
        async def order(request: Request) -> Response:
            signed_in, said = await posted(console, request, act)
            campaign = said.get("campaign", "")
            if not 1 <= len(campaign) <= MAX_ID:
                return _told(console, signed_in, PageRefused.not_found())
            try:
                await _ordered(console, orders, signed_in, HoldOrder(campaign, None, act == "lift", _by(signed_in)))
                console.hub.changed()
            except PageRefused as why:
                return _told(console, signed_in, why)
            return RedirectResponse(address_of(campaign), 303)

    add("hold")
    add("lift")
    return router


def _by(signed_in: SignedIn) -> str:
    return f"{ORDERED_HERE}{signed_in.viewer.name}"


async def _ordered(console: Console, orders: Orders, signed_in: SignedIn, order: HoldOrder) -> None:
    """Order it, unless it is so already, and wait until Redis shows it. Raises PageRefused with what became of it.

    A hold is until it is lifted: one that ends by itself is made one that does not.
    """
    deps, viewer, campaign = console.deps, signed_in.viewer, order.campaign
    act: Act = "lift" if order.lift else "hold"
    try:
        teams = await teams_of(console.page_request(signed_in, {"campaign": campaign}), campaign)
    except Withheld as why:
        text = why_withheld(why, console.page_request(signed_in, {}).words)
        raise PageRefused(503, "Not available now", text) from None
    except PageRefused:
        raise _unknown(viewer.scope) from None
    if not covers(viewer.scope, teams):
        raise NotForYou(signed_in)

    async def is_so() -> bool:
        return is_so_already(act, campaign, await find_all_holds(deps.redis), deps.wall())

    async def send() -> int:
        await deps.views.acted(viewer, act, campaign)
        try:
            return await asyncio.to_thread(send_order, deps.settings, order, deps.wall())
        except (KafkaError, OSError):
            raise PageRefused(
                503,
                "Not sure that it was ordered",
                "Kafka did not say that it has the order, so do not rely on it. Look at what the campaign's page says, "
                "and order it again.",
            ) from None

    async with orders.sent(order, is_so, send) as sent:
        if sent is not None and not await _is_shown(console, sent):
            raise PageRefused(
                503,
                "Ordered, and not in force yet",
                "Kafka has the order, so it will be carried out. But Redis does not show it: do not rely on it until "
                "the campaign's page does. Does a worker run, and is Redis up? Or did somebody else order otherwise?",
            )


def _unknown(scope: Scope) -> PageRefused:
    """Whose campaign it is cannot be known. To who sees a part, one of others looks the same."""
    if scope == EVERYTHING:
        return PageRefused(
            404,
            "No such campaign",
            "Nothing was heard of this campaign, so nobody can tell whose it is. `harmonia hold --anyway` on the "
            "command line holds it all the same.",
        )
    return PageRefused(
        404,
        "No such campaign",
        "Nothing was heard of this campaign, or it is not yours: you may hold those of your own teams alone.",
    )


async def _is_shown(console: Console, sent: SentOrder) -> bool:
    try:
        return await asyncio.to_thread(wait_until_shown, console.deps.settings, sent.order, sent.offset, WAIT_S)
    except RedisError:
        return False


def _told(console: Console, signed_in: SignedIn, why: PageRefused) -> Response:
    words = console.page_request(signed_in, {}).words
    return message_page(console, signed_in, words.text(why.title), words.text(why.text), why.status)
