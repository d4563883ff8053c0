"""The route `POST /v1/events`: CloudEvents over HTTP (structured, binary or a batch) from producers without Kafka.

Each event is validated as intake does it, and the answer tells the result: an event that would be refused is not sent
on, and costs no other of its batch. A token speaks for its own team, so no team can report another's donations. In
binary mode header values are percent-decoded.
"""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

import msgspec
import orjson
from fastapi import APIRouter, Request, Response

from events.adapters.feed import AdapterResult
from events.cloudevents import open_event
from events.envelope import Interaction, Record, ahead_ms
from events.fields import MAX_RECORD_BYTES
from events.harmonised import team_of
from events.interactions.anywhere import InteractionRetracted
from events.interactions.commands import ContactSuppressed
from events.json_types import JSON, UNREADABLE
from events.limits import MOST_VALUES, is_crowded
from events.opening_words import CLOCK_AHEAD_MS, TIME_AHEAD
from events.pre_send_check import judge_before_sending
from events.refusal import Reason, Refusal
from events.registry import BY_NAME, topic_of
from events.unknown_fields import has_unknown_fields, unknown_fields
from streams.platform.tokens import ANY_TEAM, Caller
from streams.services.api.connection_limits import mark_known
from streams.services.gateway.answers import problem_response, unread_response
from streams.services.gateway.dependencies import GatewayDependencies
from streams.services.gateway.kafka_delivery import KafkaUnavailable
from streams.services.gateway.webhook_route import HOOK

EVENTS = "events"
MOST_EVENTS = 10_000
EVENTS_A_TURN = 500
"""Events validated before other requests have their turn."""
MOST_WARNINGS = 100
"""Warnings in one answer; the metric counts all."""
_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_PREFIX = "ce-"
_TYPES = f"Content-Type: {_STRUCTURED}, {_BATCH}, or application/json with ce- headers"
_NOT_JSON = Refusal(Reason.NOT_JSON, "body: send JSON in UTF-8")


def event_routes(deps: GatewayDependencies) -> APIRouter:
    """The route of CloudEvents."""
    router = APIRouter()

    @router.post("/v1/events", summary="A CloudEvent, or a batch of them")
    async def publish(request: Request) -> Response:
        """Answers 200 with what was refused once Kafka has the rest; 422 if nothing could be taken; 503: again."""
        request.scope[HOOK] = EVENTS
        caller = deps.tokens.caller(request.headers.get("authorization"))
        if caller is None:
            deps.metrics.unproven.labels(EVENTS, "wrong").inc()
            return problem_response("unproven", "Send Authorization: Bearer <token>")
        if "publish" not in caller.scopes:
            return problem_response("forbidden", "The token has no scope publish")
        mark_known(request.scope)
        body = await deps.proven.read(request)
        if isinstance(body, str):
            return unread_response(body)
        if is_crowded(body):
            return problem_response(
                "too_large", f"At most {MOST_EVENTS} events, and {MOST_VALUES} values in all of them"
            )
        records = _records(request.headers, body)
        if records is None:
            return problem_response("not_events", _TYPES)
        return await _publish(deps, caller, records)

    return router


EventRecord = tuple[bytes, Sequence[tuple[str, bytes]]]
"""Value and headers of an event, as a Kafka record would hold them."""


def _records(headers: Mapping[str, str], body: bytes) -> list[EventRecord] | None:
    """The events of a request, as Kafka records. None: the content type is unknown."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _STRUCTURED:
        return [(body, ())]
    if kind == _BATCH:
        return _batch(body)
    attributes = [
        (f"ce_{name[3:]}", unquote_to_bytes(text)) for name, text in headers.items() if name.startswith(_PREFIX)
    ]
    return [(body, attributes)] if attributes and kind == "application/json" else None


def _batch(body: bytes) -> list[EventRecord]:
    try:
        events = msgspec.json.decode(body, type=list[msgspec.Raw])
        return [(bytes(raw), ()) for raw in events[: MOST_EVENTS + 1]]
    except UNREADABLE:
        return [(body, ())]


async def _publish(deps: GatewayDependencies, caller: Caller, records: Sequence[EventRecord]) -> Response:
    if len(records) > MOST_EVENTS:
        return problem_response("too_large", f"At most {MOST_EVENTS} events")
    judged, warnings = await _judged(deps, caller, records)
    refused = [_refusal_row(place, one) for place, one in enumerate(judged) if isinstance(one, Refusal)]
    accepted: list[AdapterResult] = [one for one in judged if isinstance(one, Interaction)]
    if refused and not accepted:
        return problem_response("invalid", "Mend the events and send them again", refused=refused)
    try:
        await deps.keep(EVENTS, accepted)
    except KafkaUnavailable:
        return problem_response("unavailable", "Nothing is lost if it is sent again")
    answer = {"accepted": len(accepted), "refused": refused, **({"warnings": warnings} if warnings else {})}
    return Response(orjson.dumps(answer), media_type="application/json")


async def _judged(
    deps: GatewayDependencies, caller: Caller, records: Sequence[EventRecord]
) -> tuple[list[Interaction | Refusal], list[dict[str, JSON]]]:
    """The result of each event, and warnings about unknown fields in the `data` of accepted ones."""
    judged: list[Interaction | Refusal] = []
    warnings: list[dict[str, JSON]] = []
    for place, (value, headers) in enumerate(records, start=1):
        event = _opened(value, headers)
        one = _judge(deps, caller, Record(_topic(event), value, headers, deps.clock()))
        judged.append(one)
        if isinstance(one, Refusal):
            deps.metrics.results.labels(EVENTS, "refused").inc()
            deps.metrics.refused.labels(EVENTS, one.reason.value).inc()
        else:
            if has_unknown_fields(one.type, event.get("data")):
                deps.metrics.unknown_fields.labels(one.type).inc()
            warnings += _warnings(place - 1, one, event.get("data"), MOST_WARNINGS - len(warnings))
        if place % EVENTS_A_TURN == 0:
            await asyncio.sleep(0)
    return judged, warnings


def _warnings(index: int, one: Interaction, data: JSON, most: int) -> list[dict[str, JSON]]:
    """What may be a mistake of an accepted event, at most `most` of it: a fast clock, fields that its type lacks."""
    told = [("time", TIME_AHEAD)] if ahead_ms(one) > CLOCK_AHEAD_MS else []
    if has_unknown_fields(one.type, data):
        told += [(each.field, str(each)) for each in unknown_fields(one.type, data, most)]
    return [{"index": index, "field": field, "detail": detail} for field, detail in told[:most]]


def _judge(deps: GatewayDependencies, caller: Caller, record: Record) -> Interaction | Refusal:
    read = judge_before_sending(record, deps.phone_region, deps.wall)
    if isinstance(read, Refusal):
        return read
    return publish_refusal(read, caller) or read


def _opened(value: bytes, headers: Sequence[tuple[str, bytes]]) -> dict[str, JSON]:
    """The event as an object; empty where it is none, which validation reports afterwards."""
    event = open_event(value, headers) if len(value) <= MAX_RECORD_BYTES else {}
    return {} if isinstance(event, Refusal) else event


def _topic(event: Mapping[str, JSON]) -> str:
    """The topic of the event's type; empty for none."""
    type_ = event.get("type")
    return topic_of(type_) if isinstance(type_, str) else ""


def _refusal_row(place: int, refusal: Refusal) -> dict[str, JSON]:
    return {"index": place, "reason": refusal.reason.value, "detail": refusal.detail}


_OTHER_SOURCE = Refusal(Reason.INVALID_DATA, "source: the token speaks for another team")
_OTHER_TEAM = Refusal(Reason.INVALID_DATA, "data.team: the token speaks for another team")
_NOT_ITS_OWN = Refusal(Reason.INVALID_DATA, "data.retracts.source: the token speaks for another team")
_NO_ERASING = Refusal(Reason.INVALID_DATA, "type: the token has no scope erase")
_NO_END = Refusal(Reason.INVALID_DATA, "data.until: a stop that ends wants a token with scope erase")


def publish_refusal(said: Interaction, caller: Caller) -> Refusal | None:
    """Why a caller may not publish this interaction; None: it may."""
    return _of_another_team(said, caller.team) or (None if "erase" in caller.scopes else _beyond_publishing(said))


def _of_another_team(said: Interaction, team: str) -> Refusal | None:
    if team == ANY_TEAM:
        return None
    if team_of(said.source) != team:
        return _OTHER_SOURCE
    if said.data.team not in (None, "", team):
        return _OTHER_TEAM
    if isinstance(said.data, InteractionRetracted) and team_of(said.data.retracts.source) != team:
        return _NOT_ITS_OWN
    return None


def _beyond_publishing(said: Interaction) -> Refusal | None:
    if BY_NAME[said.type].needs_erase:
        return _NO_ERASING
    return _NO_END if isinstance(said.data, ContactSuppressed) and said.data.until is not None else None
