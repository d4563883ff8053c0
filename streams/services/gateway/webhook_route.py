"""The route `POST /v1/hooks/{hook}`: verifies a webhook, reads it by its adapter, and answers once Kafka has it."""

import logging

import orjson
from fastapi import APIRouter, Request, Response

from events.adapters.feed import Feed
from events.adapters.misspelled_fields import misspelled_fields
from streams.services.api.bodies import MOST_BYTES
from streams.services.api.connection_limits import mark_known
from streams.services.gateway.answers import CURES, accepted_response, problem_response, unread_response
from streams.services.gateway.dependencies import GatewayDependencies
from streams.services.gateway.hooks import Hook
from streams.services.gateway.kafka_delivery import KafkaUnavailable
from streams.services.gateway.signatures import BY_HEADER, CHECKS, Verdict, WebhookRequest, reusable_signature
from streams.services.gateway.sns import CONFIRMATION, is_sns_url, read_message, signed_fields
from streams.services.gateway.sns import MOST_BYTES as SNS_BYTES

logger = logging.getLogger(__name__)

MOST_WARNINGS = 100
"""Misspelled fields that a process logs; the metric counts the events with any."""
HOOK = "harmonia.hook"
"""Key in the ASGI scope of the hook for which a request is counted."""


def hook_routes(deps: GatewayDependencies) -> APIRouter:
    """The route of webhooks."""
    router = APIRouter()

    @router.post("/v1/hooks/{hook}", status_code=204, summary="A webhook of a vendor")
    async def receive(hook: str, request: Request) -> Response:
        """Answers 204 once Kafka has it; 503: send it again."""
        found = deps.hooks.get(hook)
        if found is None:
            return problem_response("unknown_hook", "The gateway's file names the hooks")
        request.scope[HOOK] = found.name
        if early := _refuse_by_headers(deps, found, request):
            return early
        most = SNS_BYTES if found.auth == "sns" else MOST_BYTES
        if found.is_proven_by_header:
            mark_known(request.scope)
        body = await (deps.proven if found.is_proven_by_header else deps.bodies).read(request, most)
        if isinstance(body, str):
            return unread_response(body, most)
        sent = WebhookRequest(_headers(request), body, deps.clock(), found.url)
        try:
            return await _refuse_by_signature(deps, found, sent) or await _receive(deps, found, sent)
        except (KafkaUnavailable, OSError):
            return problem_response("unavailable", "Nothing is lost if it is sent again")

    return router


async def _receive(deps: GatewayDependencies, hook: Hook, sent: WebhookRequest) -> Response:
    """Take a verified webhook, unless its signature has come with another body."""
    signature = reusable_signature(hook.auth, sent)
    if signature is None:
        await _keep(deps, hook, sent)
        return accepted_response()
    used = deps.used[hook.auth]
    use = used.take(signature, sent.body)
    if use in ("used", "stale"):
        return _unproven_response(deps, hook, use)
    try:
        await _keep(deps, hook, sent)
    except KafkaUnavailable:
        if use == "first":
            used.give_back(signature)
        raise
    used.take(signature, sent.body)  # the first of two copies may have failed meanwhile, and given it back
    return accepted_response()


async def _keep(deps: GatewayDependencies, hook: Hook, sent: WebhookRequest) -> None:
    body = await _of_sns(deps, hook, sent.body) if hook.auth == "sns" else sent.body
    feed = Feed(hook.source, sent.at, deps.phone_region, hook.time_zone, hook.codes, hook.provenance)
    await deps.keep(hook.name, hook.read(body, feed))
    _warn(deps, hook, body)


def _warn(deps: GatewayDependencies, hook: Hook, body: bytes) -> None:
    """Count events with misspelled custom fields, and log each such field of a hook once."""
    for fields in misspelled_fields(hook.vendor, body):
        deps.metrics.unknown_fields.labels(fields[0].type).inc()
        for field in fields:
            key = (hook.name, field.field)
            if key not in deps.warned and len(deps.warned) < MOST_WARNINGS:
                deps.warned.add(key)
                logger.warning("hook %s: custom field %s", hook.name, field)


def _refuse_by_headers(deps: GatewayDependencies, hook: Hook, request: Request) -> Response | None:
    """The refusal of a request without the login that the hook wants, before any body is read; None: it may go on."""
    wanted = [(hook.auth, hook.proof)] if hook.auth in BY_HEADER else []
    if hook.login is not None:
        wanted.append(("basic", hook.login))
    sent = WebhookRequest(_headers(request) if wanted else {}, b"", deps.clock())
    for way, proof in wanted:
        if (verdict := CHECKS[way](sent, proof)) != "right":
            return _unproven_response(deps, hook, verdict)
    return None


async def _refuse_by_signature(deps: GatewayDependencies, hook: Hook, sent: WebhookRequest) -> Response | None:
    """The refusal of a request whose signature is not right; None: it is right, or needs none."""
    if hook.auth == "none" or hook.auth in BY_HEADER:
        return None
    if hook.auth == "sns":
        verdict = await deps.certificates.check(sent.body, hook.topics, sent.at, hook.proof.window_ms)
    else:
        verdict = CHECKS[hook.auth](sent, hook.proof)
    return None if verdict == "right" else _unproven_response(deps, hook, verdict)


def _unproven_response(deps: GatewayDependencies, hook: Hook, verdict: Verdict) -> Response:
    deps.metrics.unproven.labels(hook.name, verdict).inc()
    return problem_response("unproven", CURES[verdict])


def _headers(request: Request) -> dict[str, str]:
    """Headers by name, the first of each. Starlette's own mapping searches the whole list for each name."""
    listed: list[tuple[bytes, bytes]] = request.scope["headers"]
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(listed)}


async def _of_sns(deps: GatewayDependencies, hook: Hook, body: bytes) -> bytes:
    """The signed fields of a verified SNS message. Confirms a subscription where the hook allows it."""
    signed = signed_fields(read_message(body)) or {}
    url = signed.get("SubscribeURL", "")
    if hook.confirm and signed.get("Type") == CONFIRMATION and is_sns_url(url):
        await deps.fetch(url)
    return orjson.dumps(signed)
