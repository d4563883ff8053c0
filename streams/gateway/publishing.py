"""`POST /v1/events`: CloudEvents over HTTP (structured, binary or a batch) from producers that have no Kafka.

Each event is judged as the input topics judge it, and told at once: an event that would be refused is not sent on. One
bad event of a batch costs no other. A token speaks for its own team, so no team can report another's donations. The
binding percent-encodes what a header cannot hold.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

import msgspec
import orjson
from fastapi import APIRouter, Request, Response

from events.adapters.feed import Result
from events.envelope import Interaction, Record, decode
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.registry import topic_of
from streams.api.tokens import Caller
from streams.gateway.answers import problem
from streams.gateway.desk import Desk
from streams.gateway.mailbox import Unavailable
from streams.gateway.receiving import HOOK
from streams.gateway.rights import forbidden

EVENTS = "events"
MOST_EVENTS = 10_000
_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_PREFIX = "ce-"
_TYPES = f"Content-Type: {_STRUCTURED}, {_BATCH}, or application/json with ce- headers"
_NOT_JSON = Refusal(Reason.NOT_JSON, "body: send JSON in UTF-8")


def events(desk: Desk) -> APIRouter:
    """The route."""
    router = APIRouter()

    @router.post("/v1/events", summary="A CloudEvent, or a batch of them")
    async def publish(request: Request) -> Response:
        """Answers 200 with what was refused once Kafka has the rest; 422 if nothing could be taken; 503: again."""
        request.scope[HOOK] = EVENTS
        caller = desk.tokens.caller(request.headers.get("authorization"))
        if caller is None:
            desk.metrics.unproven.labels(EVENTS, "wrong").inc()
            return problem("unproven", "Send Authorization: Bearer <token>")
        if "publish" not in caller.scopes:
            return problem("forbidden", "The token has no scope publish")
        body = await desk.bodies.read(request)
        if isinstance(body, Response):
            return body
        records = _records(request.headers, body)
        if records is None:
            return problem("not_events", _TYPES)
        return await _publish(desk, caller, records)

    return router


Said = tuple[bytes, Sequence[tuple[str, bytes]]]
"""Value and headers, as of a Kafka record."""


def _records(headers: Mapping[str, str], body: bytes) -> list[Said] | None:
    """The events of a request, each as a record of Kafka would hold it. None: of no known content type."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _STRUCTURED:
        return [(body, ())]
    if kind == _BATCH:
        return _batch(body)
    attributes = [
        (f"ce_{name[3:]}", unquote_to_bytes(text)) for name, text in headers.items() if name.startswith(_PREFIX)
    ]
    return [(body, attributes)] if attributes and kind == "application/json" else None


def _batch(body: bytes) -> list[Said]:
    try:
        events = msgspec.json.decode(body, type=list[msgspec.Raw])
        return [(bytes(raw), ()) for raw in events[: MOST_EVENTS + 1]]
    except (msgspec.DecodeError, RecursionError):
        return [(body, ())]


async def _publish(desk: Desk, caller: Caller, records: Sequence[Said]) -> Response:
    if len(records) > MOST_EVENTS:
        return problem("too_large", f"At most {MOST_EVENTS} events")
    judged = [_judge(desk, caller, value, headers) for value, headers in records]
    refused = [_told(place, one) for place, one in enumerate(judged) if isinstance(one, Refusal)]
    accepted: list[Result] = [one for one in judged if isinstance(one, Interaction)]
    for one in judged:
        if isinstance(one, Refusal):
            desk.metrics.results.labels(EVENTS, "refused").inc()
            desk.metrics.refused.labels(EVENTS, one.reason.value).inc()
    if refused and not accepted:
        return problem("invalid", "Mend the events and send them again", refused=refused)
    try:
        await desk.keep(EVENTS, accepted)
    except Unavailable:
        return problem("unavailable", "Nothing is lost if it is sent again")
    return Response(orjson.dumps({"accepted": len(accepted), "refused": refused}), media_type="application/json")


def _judge(desk: Desk, caller: Caller, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Interaction | Refusal:
    read = decode(Record(_topic(value, headers), value, headers, desk.clock()), desk.phone_region)
    if isinstance(read, Refusal):
        return read
    return forbidden(read, caller) or read


def _topic(value: bytes, headers: Sequence[tuple[str, bytes]]) -> str:
    """That of its type, wherever the type stands."""
    type_: JSON = dict(headers).get("ce_type", b"").decode(errors="replace")
    if not type_:
        try:
            event: JSON = orjson.loads(value)
        except orjson.JSONDecodeError:
            event = None
        type_ = event.get("type") if isinstance(event, dict) else None
    return topic_of(type_) if isinstance(type_, str) else ""


def _told(place: int, refusal: Refusal) -> dict[str, JSON]:
    return {"index": place, "reason": refusal.reason.value, "detail": refusal.detail}
