"""`POST /v1/hooks/{hook}`: a webhook is proven, read by its adapter, and answered once Kafka has all of it."""

from fastapi import APIRouter, Request, Response

from events.adapters.feed import Feed
from events.adapters.words import word
from streams.gateway.answers import CURES, problem, taken
from streams.gateway.bodies import TOO_LARGE, body_of
from streams.gateway.desk import Desk
from streams.gateway.hooks import Hook
from streams.gateway.mailbox import Unavailable
from streams.gateway.signatures import CHECKS, Sent, Verdict
from streams.gateway.sns import CONFIRMATION, is_amazons, read_message

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
        body = await body_of(request)
        if body is None:
            return problem("too_large", TOO_LARGE)
        try:
            return await _receive(desk, found, request, body)
        except (Unavailable, OSError):
            return problem("unavailable", "Nothing is lost if it is sent again")

    return router


async def _receive(desk: Desk, hook: Hook, request: Request, body: bytes) -> Response:
    at = desk.clock()
    verdict = await _verdict(desk, hook, request, body, at)
    if verdict != "right":
        desk.metrics.unproven.labels(hook.name, verdict).inc()
        return problem("unproven", CURES[verdict])
    if hook.auth == "sns" and hook.confirm:
        await _confirm(desk, body)
    feed = Feed(hook.source, at, desk.phone_region, hook.time_zone, hook.codes)
    await desk.keep(hook.name, hook.read(body, feed))
    return taken()


async def _verdict(desk: Desk, hook: Hook, request: Request, body: bytes, at: int) -> Verdict:
    if hook.auth == "none":
        return "right"
    if hook.auth == "sns":
        return await desk.certificates.check(body, hook.topics)
    return CHECKS[hook.auth](Sent(dict(request.headers), body, at, hook.url), hook.proof)


async def _confirm(desk: Desk, body: bytes) -> None:
    """Say yes to SNS, by the address in a message that has been proven; on Amazon's hosts only."""
    message = read_message(body)
    url = word(message.get("SubscribeURL"))
    if word(message.get("Type")) == CONFIRMATION and url is not None and is_amazons(url):
        await desk.fetch(url)
