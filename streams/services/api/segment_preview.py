"""The route `POST /v1/segments/preview`: how many people would be in segments that are not defined yet."""

import asyncio
from itertools import takewhile

import orjson
from fastapi import APIRouter, Request, Response
from kafka.errors import KafkaError

from events.spelling import is_safe_to_repeat
from sinks.base import SinkUnavailable
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import read_segment, read_segments_json
from streams.domain.segments.previews import preview_question, refers_to_others
from streams.platform.errors import MissingTopic
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.middleware import caller_of
from streams.services.api.models import SegmentPreviewAnswer, SegmentPreviewAsked
from streams.services.api.openapi import Responses, body_of, problems
from streams.services.api.permissions import read_body
from streams.services.api.problem_documents import MOST_TOLD, Problem, invalid_field, invalid_fields, require_known
from streams.services.api.segments import stored_segments
from streams.services.minute_limit import PREVIEWS_A_MINUTE
from streams.services.segment_preview import preview_json

PREVIEWS = "api:previews:"
"""Of which teams Redis counts previews of this minute."""
MOST_AT_ONCE = 4
"""Previews that one process waits for."""
_MOST_BODY = 256 << 10
_EXACT = {"true": True, "false": False}
_RESPONSES: Responses = {
    200: {"model": SegmentPreviewAnswer, "description": "How many, and between which numbers with 95 % confidence"},
    **problems("unauthorized", "forbidden", "slow", "too_large", "not_json", "invalid", "segments_incomplete"),
    **problems("too_often"),
}


def segment_preview_routes(deps: ApiDependencies) -> APIRouter:
    """The route of previews."""
    router = APIRouter()
    under_way = asyncio.Semaphore(MOST_AT_ONCE)

    @router.post(
        "/v1/segments/preview",
        responses=_RESPONSES,
        response_class=Response,
        operation_id="segment_preview",
        openapi_extra=body_of(SegmentPreviewAsked),
    )
    async def preview(request: Request, exact: str = "false") -> Response:
        """How many people would be in these segments, by a sample of all partitions. Nothing is defined."""
        deps.require(caller_of(request), "read")
        require_known(request, ["exact"])
        if exact not in _EXACT or len(request.query_params.getlist("exact")) > 1:
            raise invalid_field("exact", "give true or false, once")
        asked = _asked(await read_body(deps, request))
        there = await _defined(deps) if refers_to_others(asked) else {}
        question = preview_question(asked, there, channel_rules(deps.policy()), is_exact=_EXACT[exact])
        if isinstance(question, FileMistakes):
            raise _invalid(question)
        await _admit(deps, caller_of(request).team, len(asked))
        if under_way.locked():
            raise Problem("busy", f"{MOST_AT_ONCE} previews are under way; ask again in a moment")
        async with under_way:
            record = deps.record("preview", caller_of(request).team, [])
            deps.write_down({**record, "criteria": question.criteria})
            try:
                found = await asyncio.to_thread(deps.preview, question)
            except (KafkaError, MissingTopic, OSError):
                raise Problem("preview_unavailable", "Kafka does not answer") from None
        if not found.answered:
            raise Problem("preview_unavailable", "No worker has answered in time; does one run?")
        return Response(orjson.dumps(preview_json(found, found.told)), media_type="application/json")

    return router


async def _admit(deps: ApiDependencies, team: str, definitions: int) -> None:
    """Raise a Problem where the team previews more definitions in this minute than it may, or where nobody knows."""
    try:
        is_admitted = await deps.previews.allows(team, definitions)
    except SinkUnavailable:
        deps.away("segments_incomplete")
    if not is_admitted:
        detail = f"A team may preview {PREVIEWS_A_MINUTE} definitions a minute; ask again in a minute"
        raise Problem("too_often", detail, headers={"Retry-After": "60"})


def _asked(body: bytes) -> list[SegmentDefinition]:
    if len(body) > _MOST_BODY:
        raise Problem("too_large", f"Send {_MOST_BODY >> 10} KiB at most")
    found = read_segments_json(body)
    if isinstance(found, FileMistakes):
        raise _invalid(found)
    return found


async def _defined(deps: ApiDependencies) -> dict[str, SegmentDefinition]:
    """What is defined, of which definitions may refer to any."""
    stored = await stored_segments(deps)
    read = {name: read_segment(orjson.loads(value)) for name, value in stored.definitions.items()}
    return {name: each for name, each in read.items() if isinstance(each, SegmentDefinition)}


def _invalid(mistakes: FileMistakes) -> Problem:
    """The Problem of mistakes in definitions: where, and the cure; what was sent is not repeated."""
    return invalid_fields([{"field": _place(each.key), "cure": each.cure} for each in mistakes.found[:MOST_TOLD]])


def _place(key: str) -> str:
    """Where a mistake is, up to the first name that cannot be repeated."""
    names = takewhile(lambda name: is_safe_to_repeat(name.partition("[")[0]), key.split("."))
    return ".".join(names) or "segment"
