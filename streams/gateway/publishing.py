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
from events.before_sending import judge
from events.cloudevents import open_event
from events.crowds import MOST_VALUES, is_crowded
from events.envelope import Interaction, Record
from events.fields import MAX_RECORD_BYTES
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.registry import topic_of
from events.unknown_fields import has_unknown_fields, unknown_fields
from streams.api.tokens import Caller
from streams.gateway.answers import problem, unread
from streams.gateway.desk import Desk
from streams.gateway.mailbox import Unavailable
from streams.gateway.receiving import HOOK
from streams.gateway.rights import forbidden

EVENTS = "events"
MOST_EVENTS = 10_000
MOST_WARNINGS = 100
"""That an answer holds; the metric counts all."""
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
        body = await desk.proven.read(request)
        if isinstance(body, str):
            return unread(body)
        if is_crowded(body):
            return problem("too_large", f"At most {MOST_EVENTS} events, and {MOST_VALUES} values in all of them")
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
    warnings = _warned(desk, records, judged)
    if refused and not accepted:
        return problem("invalid", "Mend the events and send them again", refused=refused)
    try:
        await desk.keep(EVENTS, accepted)
    except Unavailable:
        return problem("unavailable", "Nothing is lost if it is sent again")
    answer = {"accepted": len(accepted), "refused": refused, **({"warnings": warnings} if warnings else {})}
    return Response(orjson.dumps(answer), media_type="application/json")


def _warned(desk: Desk, records: Sequence[Said], judged: Sequence[Interaction | Refusal]) -> list[dict[str, JSON]]:
    """What accepted events have in `data` that their types do not know; counted, and the first of it told."""
    found: list[dict[str, JSON]] = []
    for place, one in enumerate(judged):
        if not isinstance(one, Interaction):
            continue
        event = open_event(*records[place])
        data = None if isinstance(event, Refusal) else event.get("data")
        if has_unknown_fields(one.type, data):
            desk.metrics.unknown_fields.labels(one.type).inc()
            told = unknown_fields(one.type, data, MOST_WARNINGS - len(found))
            found += [{"index": place, "field": each.field, "detail": str(each)} for each in told]
    return found


def _judge(desk: Desk, caller: Caller, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Interaction | Refusal:
    read = judge(Record(_topic(value, headers), value, headers, desk.clock()), desk.phone_region)
    if isinstance(read, Refusal):
        return read
    return forbidden(read, caller) or read


def _topic(value: bytes, headers: Sequence[tuple[str, bytes]]) -> str:
    """That of its type, wherever the type stands."""
    type_: JSON = dict(headers).get("ce_type", b"").decode(errors="replace")
    if not type_:
        try:
            event: JSON = orjson.loads(value) if len(value) <= MAX_RECORD_BYTES else None
        except orjson.JSONDecodeError:
            event = None
        type_ = event.get("type") if isinstance(event, dict) else None
    return topic_of(type_) if isinstance(type_, str) else ""


def _told(place: int, refusal: Refusal) -> dict[str, JSON]:
    return {"index": place, "reason": refusal.reason.value, "detail": refusal.detail}
