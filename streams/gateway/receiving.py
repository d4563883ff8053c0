"""`POST /v1/hooks/{hook}`: a webhook is proven, read by its adapter, and answered once Kafka has all of it."""

import orjson
from fastapi import APIRouter, Request, Response

from events.adapters.feed import Feed
from streams.gateway.answers import CURES, problem, taken
from streams.gateway.desk import Desk
from streams.gateway.hooks import Hook
from streams.gateway.mailbox import Unavailable
from streams.gateway.signatures import BY_HEADER, CHECKS, Sent, Verdict
from streams.gateway.sns import CONFIRMATION, is_amazons, read_message, signed_fields

HOOK = "harmonia.hook"
"""Where the scope of a request says which hook it counts for."""


def hooks(desk: Desk) -> APIRouter:
    """The route."""
    router = APIRouter()

    @router.post("/v1/hooks/{hook}", status_code=204, summary="A webhook of a vendor")
    async def receive(hook: str, request: Request) -> Response:
        """Answers 204 once Kafka has it; 503: send it again."""
        found = desk.hooks.get(hook)
        if found is None:
            return problem("unknown_hook", "The gateway's file names the hooks")
        request.scope[HOOK] = found.name
        if found.auth in BY_HEADER and (early := await _unproven(desk, found, request, b"")):
            return early
        body = await desk.bodies.read(request)
        if isinstance(body, Response):
            return body
        try:
            return await _receive(desk, found, request, body)
        except (Unavailable, OSError):
            return problem("unavailable", "Nothing is lost if it is sent again")

    return router


async def _receive(desk: Desk, hook: Hook, request: Request, body: bytes) -> Response:
    if hook.auth not in BY_HEADER and (unproven := await _unproven(desk, hook, request, body)):
        return unproven
    if hook.auth == "sns":
        body = await _of_sns(desk, hook, body)
    feed = Feed(hook.source, desk.clock(), desk.phone_region, hook.time_zone, hook.codes)
    await desk.keep(hook.name, hook.read(body, feed))
    return taken()


async def _unproven(desk: Desk, hook: Hook, request: Request, body: bytes) -> Response | None:
    """The answer to what does not prove where it is from; None: it does. A login is looked at before any body."""
    verdict = await _verdict(desk, hook, request, body, desk.clock())
    if verdict == "right":
        return None
    desk.metrics.unproven.labels(hook.name, verdict).inc()
    return problem("unproven", CURES[verdict])


async def _verdict(desk: Desk, hook: Hook, request: Request, body: bytes, at: int) -> Verdict:
    if hook.auth == "none":
        return "right"
    if hook.auth == "sns":
        return await desk.certificates.check(body, hook.topics, at, hook.proof.window_ms)
    return CHECKS[hook.auth](Sent(_headers(request), body, at, hook.url), hook.proof)


def _headers(request: Request) -> dict[str, str]:
    """The first of each name. Made of the list itself: Starlette's mapping goes through all of it for each name."""
    listed: list[tuple[bytes, bytes]] = request.scope["headers"]
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(listed)}


async def _of_sns(desk: Desk, hook: Hook, body: bytes) -> bytes:
    """What SNS signed of a message that has been proven. Where the operator has said so a subscription is confirmed."""
    signed = signed_fields(read_message(body)) or {}
    url = signed.get("SubscribeURL", "")
    if hook.confirm and signed.get("Type") == CONFIRMATION and is_amazons(url):
        await desk.fetch(url)
    return orjson.dumps(signed)
