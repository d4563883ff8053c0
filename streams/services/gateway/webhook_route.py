"""`POST /v1/hooks/{hook}`: a webhook is proven, read by its adapter, and answered once Kafka has all of it."""

import orjson
from fastapi import APIRouter, Request, Response

from events.adapters.feed import Feed
from streams.services.api.bodies import MOST_BYTES
from streams.services.gateway.answers import CURES, problem, taken, unread
from streams.services.gateway.dependencies import GatewayDependencies
from streams.services.gateway.hooks import Hook
from streams.services.gateway.kafka_delivery import KafkaUnavailable
from streams.services.gateway.signatures import BY_HEADER, CHECKS, SignedRequest, Verdict, reusable_signature
from streams.services.gateway.sns import CONFIRMATION, is_sns_url, read_message, signed_fields
from streams.services.gateway.sns import MOST_BYTES as SNS_BYTES

HOOK = "harmonia.hook"
"""Where the scope of a request says which hook it counts for."""


def hooks(desk: GatewayDependencies) -> APIRouter:
    """The route."""
    router = APIRouter()

    @router.post("/v1/hooks/{hook}", status_code=204, summary="A webhook of a vendor")
    async def receive(hook: str, request: Request) -> Response:
        """Answers 204 once Kafka has it; 503: send it again."""
        found = desk.hooks.get(hook)
        if found is None:
            return problem("unknown_hook", "The gateway's file names the hooks")
        request.scope[HOOK] = found.name
        if early := _stranger(desk, found, request):
            return early
        most = SNS_BYTES if found.auth == "sns" else MOST_BYTES
        body = await (desk.proven if found.is_proven_by_header else desk.bodies).read(request, most)
        if isinstance(body, str):
            return unread(body, most)
        sent = SignedRequest(_headers(request), body, desk.clock(), found.url)
        try:
            return await _unproven(desk, found, sent) or await _receive(desk, found, sent)
        except (KafkaUnavailable, OSError):
            return problem("unavailable", "Nothing is lost if it is sent again")

    return router


async def _receive(desk: GatewayDependencies, hook: Hook, sent: SignedRequest) -> Response:
    """Answer what has been proven."""
    seal = reusable_signature(hook.auth, sent)
    if seal is None:
        await _keep(desk, hook, sent)
        return taken()
    seals = desk.used[hook.auth]
    use = seals.take(seal, sent.body)
    if use in ("used", "stale"):
        return _refused(desk, hook, use)
    try:
        await _keep(desk, hook, sent)
    except KafkaUnavailable:
        if use == "first":
            seals.give_back(seal)
        raise
    seals.take(seal, sent.body)  # the first of two copies may have failed meanwhile, and given it back
    return taken()


async def _keep(desk: GatewayDependencies, hook: Hook, sent: SignedRequest) -> None:
    body = await _of_sns(desk, hook, sent.body) if hook.auth == "sns" else sent.body
    feed = Feed(hook.source, sent.at, desk.phone_region, hook.time_zone, hook.codes)
    await desk.keep(hook.name, hook.read(body, feed))


def _stranger(desk: GatewayDependencies, hook: Hook, request: Request) -> Response | None:
    """The answer to whoever shows no login, where the hook wants one; before any body is read."""
    wanted = [(hook.auth, hook.proof)] if hook.auth in BY_HEADER else []
    if hook.login is not None:
        wanted.append(("basic", hook.login))
    sent = SignedRequest(_headers(request) if wanted else {}, b"", desk.clock())
    for way, proof in wanted:
        if (verdict := CHECKS[way](sent, proof)) != "right":
            return _refused(desk, hook, verdict)
    return None


async def _unproven(desk: GatewayDependencies, hook: Hook, sent: SignedRequest) -> Response | None:
    """The answer to what is not signed as it should be; None: it is, or its login was enough."""
    if hook.auth == "none" or hook.auth in BY_HEADER:
        return None
    if hook.auth == "sns":
        verdict = await desk.certificates.check(sent.body, hook.topics, sent.at, hook.proof.window_ms)
    else:
        verdict = CHECKS[hook.auth](sent, hook.proof)
    return None if verdict == "right" else _refused(desk, hook, verdict)


def _refused(desk: GatewayDependencies, hook: Hook, verdict: Verdict) -> Response:
    desk.metrics.unproven.labels(hook.name, verdict).inc()
    return problem("unproven", CURES[verdict])


def _headers(request: Request) -> dict[str, str]:
    """The first of each name. Made of the list itself: Starlette's mapping goes through all of it for each name."""
    listed: list[tuple[bytes, bytes]] = request.scope["headers"]
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(listed)}


async def _of_sns(desk: GatewayDependencies, hook: Hook, body: bytes) -> bytes:
    """What SNS signed of a message that has been proven. Where the operator has said so a subscription is confirmed."""
    signed = signed_fields(read_message(body)) or {}
    url = signed.get("SubscribeURL", "")
    if hook.confirm and signed.get("Type") == CONFIRMATION and is_sns_url(url):
        await desk.fetch(url)
    return orjson.dumps(signed)
