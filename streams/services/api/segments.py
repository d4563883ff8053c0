"""The routes `…/segments…`: what is defined and how many are in it, who, and whether they may be reached.

All is read from Redis, and only while it is complete: who is missing there would look like somebody in no segment.
"""

from typing import Annotated, NoReturn

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from msgspec.structs import asdict
from pydantic import ValidationError

from events.fields import CONTACT_ID_PATTERN
from events.outputs import AuditedDecision
from events.segments import SegmentDefinitionTable, keeps_members
from events.spelling import did_you_mean
from events.times import render_time
from sinks.base import SinkUnavailable
from sinks.lookup import ErasedContact, Incomplete, KnownContact
from sinks.segment_lookup import START, MemberPlace, MembersPage, StoredSegments
from sinks.segments import KeptMembers
from streams.domain.segments.segment_totals import added_up
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.middleware import caller_of
from streams.services.api.models import (
    MEMBERS_AT_ONCE,
    MOST_CONTACTS,
    MOST_PLACE,
    SegmentCounts,
    SegmentList,
    SegmentMembers,
    SegmentPermissionAnswers,
    SegmentPermissionsAsked,
    SegmentShown,
    SegmentsOfContact,
)
from streams.services.api.openapi import AS_OF, AS_OF_HEADER, Responses, body_of, problems
from streams.services.api.permissions import judged, read_body
from streams.services.api.problem_documents import Code, Problem, invalid_body, invalid_field, require_known
from streams.services.permission.decisions import AskedPerson

SEGMENT_ID = r"^[A-Za-z0-9._-]{1,64}$"
_AFTER_CURE = "give what `next` of the page before is, or leave it out to begin"
SEGMENT_CURES = {
    "segment_id": "give 1 to 64 letters, digits or . _ -",
    "limit": f"give a whole number, 1 to {MOST_CONTACTS}",
    "after": _AFTER_CURE,
}
"""What is right in place of a wrong value, by parameter."""
_MOST_BODY = 64 << 10
_INCOMPLETE: Code = "segments_incomplete"
_LIST_RESPONSES: Responses = {
    200: {"model": SegmentList, "description": "Each with its definition and counts, by id", "headers": AS_OF_HEADER},
    **problems("unauthorized", "forbidden", "invalid", "segments_incomplete"),
}
_ONE_RESPONSES: Responses = {
    200: {"model": SegmentShown, "description": "Its definition and counts", "headers": AS_OF_HEADER},
    **problems("unauthorized", "forbidden", "not_found", "invalid", "segments_incomplete"),
}
_MEMBERS_RESPONSES: Responses = {
    200: {
        "model": SegmentMembers,
        "description": "Members, those of a partition by since when",
        "headers": AS_OF_HEADER,
    },
    **problems("unauthorized", "forbidden", "not_found", "members_not_kept", "invalid", "segments_incomplete"),
}
_CONTACT_RESPONSES: Responses = {
    200: {"model": SegmentsOfContact, "description": "As in contact-segments", "headers": AS_OF_HEADER},
    **problems("unauthorized", "forbidden", "not_found", "erased", "invalid", "segments_incomplete"),
}
_PERMISSIONS_RESPONSES: Responses = {
    200: {"model": SegmentPermissionAnswers, "description": "A decision about each of these members"},
    **problems("unauthorized", "forbidden", "not_found", "slow", "members_not_kept", "too_large", "not_json"),
    **problems("invalid", "segments_incomplete"),
}

SegmentId = Annotated[str, Path(pattern=SEGMENT_ID)]


def segment_routes(deps: ApiDependencies) -> APIRouter:
    """The routes of segments."""
    router = APIRouter()

    @router.get("/v1/segments", responses=_LIST_RESPONSES, response_class=Response, operation_id="segments")
    async def all_of_them(request: Request) -> Response:
        """Every segment that is defined, with how many are in it."""
        deps.require(caller_of(request), "read")
        require_known(request)
        stored = await stored_segments(deps)
        segments = [_shown(stored, name, value) for name, value in sorted(stored.definitions.items())]
        return _answer({"segments": segments}, stored.as_of)

    @router.get("/v1/segments/{segment_id}", responses=_ONE_RESPONSES, response_class=Response, operation_id="segment")
    async def one(request: Request, segment_id: SegmentId) -> Response:
        """One segment, with how many are in it."""
        deps.require(caller_of(request), "read")
        require_known(request)
        stored = await stored_segments(deps, segment_id)
        return _answer(_shown(stored, segment_id, stored.definitions[segment_id]), stored.as_of)

    @router.get(
        "/v1/segments/{segment_id}/members",
        responses=_MEMBERS_RESPONSES,
        response_class=Response,
        operation_id="segment_members",
    )
    async def members(
        request: Request,
        segment_id: SegmentId,
        after: Annotated[str | None, Query(max_length=MOST_PLACE, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_CONTACTS)] = MEMBERS_AT_ONCE,
    ) -> Response:
        """Members of a segment, page by page. Whether they may be reached is another question: ask it of them."""
        caller = caller_of(request)
        deps.require(caller, "list")
        require_known(request, ["after", "limit"])
        _must_be_said_once(request)
        shown, page = await _page(deps, segment_id, after, limit)
        record = deps.record("list", caller.team, [_audited(member.contact_id, "member") for member in page.members])
        record["segment"] = segment_id
        deps.write_down(record)
        found: SegmentMembers = {
            "segment": segment_id,
            "state": shown["counts"]["state"] if shown["counts"] else None,
            "members": page.total,
            "contacts": [{"contact_id": each.contact_id, "since": render_time(each.since)} for each in page.members],
            "next": _next(page),
        }
        return _answer(found, page.as_of)

    @router.post(
        "/v1/segments/{segment_id}/permissions",
        responses=_PERMISSIONS_RESPONSES,
        response_class=Response,
        operation_id="segment_permissions",
        openapi_extra=body_of(SegmentPermissionsAsked),
    )
    async def permissions(request: Request, segment_id: SegmentId) -> Response:
        """Whether members of a segment may be reached now, page by page. No answer is never an allow."""
        caller = caller_of(request)
        deps.require(caller, "list")
        deps.require(caller, "permit")
        require_known(request)
        said = _asked(await read_body(deps, request))
        _, page = await _page(deps, segment_id, said.after, said.limit)
        whom = [AskedPerson([member.contact_id]) for member in page.members]
        answers = await judged(deps, caller, said, whom, segment_id)
        return Response(orjson.dumps({**answers, "next": _next(page)}), media_type="application/json")

    @router.get(
        "/v1/contacts/{contact_id}/segments",
        responses=_CONTACT_RESPONSES,
        response_class=Response,
        operation_id="contact_segments",
    )
    async def of_contact(request: Request, contact_id: Annotated[str, Path(pattern=CONTACT_ID_PATTERN)]) -> Response:
        """The segments that a contact is in, since when; an id that was merged is answered with who it is now."""
        caller = caller_of(request)
        deps.require(caller, "read")
        require_known(request)
        return await _of_contact(deps, caller.team, contact_id)

    return router


async def stored_segments(deps: ApiDependencies, segment: str | None = None) -> StoredSegments:
    """What is defined and counted; a Problem while Redis lacks something, and where the `segment` is not defined."""
    try:
        stored = await deps.segments.all(segment)
    except SinkUnavailable:
        deps.away(_INCOMPLETE)
    if isinstance(stored, Incomplete):
        deps.incomplete(stored, _INCOMPLETE)
    if segment is not None and segment not in stored.definitions:
        raise Problem("not_found", f"No segment of this id is defined{did_you_mean(segment, stored.definitions)}")
    return stored


def _shown(stored: StoredSegments, name: str, value: bytes) -> SegmentShown:
    definition: SegmentDefinitionTable = orjson.loads(value)
    total = added_up([orjson.loads(count) for count in stored.counts.get(name, ())], stored.partitions)
    counts: SegmentCounts | None = None if total is None else asdict(total)  # type: ignore[assignment]
    states = stored.kept.get(name, ())
    if not keeps_members(value):
        return {"definition": definition, "counts": counts, "members_kept": "no"}
    is_kept = len(states) == stored.partitions and {*states} == {"kept"}
    kept: KeptMembers = "full" if "full" in states else "kept" if is_kept else "gathering"
    return {"definition": definition, "counts": counts, "members_kept": kept}


async def _page(deps: ApiDependencies, segment: str, after: str | None, limit: int) -> tuple[SegmentShown, MembersPage]:
    """A page of members, and their segment. Raises a Problem where no list is kept, or not all of it is there."""
    place = START if after is None else _place(after)
    stored = await stored_segments(deps, segment)
    shown = _shown(stored, segment, stored.definitions[segment])
    try:
        page = await deps.segments.members(segment, place, limit)
    except SinkUnavailable:
        deps.away(_INCOMPLETE)
    if isinstance(page, Incomplete):
        deps.incomplete(page, _INCOMPLETE)
    if shown["members_kept"] != "kept" or {*page.kept} != {"kept"}:
        _refuse_members(deps, shown, "full" in page.kept)
    return shown, page


def _refuse_members(deps: ApiDependencies, shown: SegmentShown, is_full: bool) -> NoReturn:
    if shown["members_kept"] == "no":
        raise Problem("members_not_kept", "Its definition says members = false; define it with members = true")
    if is_full or shown["members_kept"] == "full":
        cure = "once others keep fewer, define it with members = false and again with members = true"
        raise Problem("members_not_kept", f"Beyond 20 million members of all segments the largest are not kept; {cure}")
    deps.metrics.incomplete.labels("refilling").inc()
    raise Problem(_INCOMPLETE, "The members are still gathered; it mends by itself")


async def _of_contact(deps: ApiDependencies, team: str, contact_id: str) -> Response:
    seen = await deps.lookup.ids([[contact_id]])
    if isinstance(seen, Incomplete):
        deps.incomplete(seen, _INCOMPLETE)
    [contact] = seen.contacts
    try:
        held = await deps.segments.of(contact.contact_id)
    except SinkUnavailable:
        deps.away(_INCOMPLETE)
    if isinstance(held, Incomplete):
        deps.incomplete(held, _INCOMPLETE)
    is_erased, is_known = isinstance(contact, ErasedContact), isinstance(contact, KnownContact)
    reason = "found" if is_known else "erased" if is_erased else "unknown"
    deps.write_down(deps.record("read", team, [_audited(contact.contact_id, reason)]))
    if is_erased:
        raise Problem("erased", "Nothing is kept but that")
    if not is_known:
        raise Problem("not_found", "Nobody is known under this name")
    nothing = {"version": 0, "as_of": render_time(held.as_of), "segments": {}}
    said = nothing if held.value is None else orjson.loads(held.value)
    return _answer({"contact_id": contact.contact_id, **said}, held.as_of)


def _asked(body: bytes) -> SegmentPermissionsAsked:
    """The parsed body. Raises a Problem that tells the mistakes."""
    if len(body) > _MOST_BODY:
        raise Problem("too_large", f"Send {_MOST_BODY >> 10} KiB at most: the people are the members of the segment")
    try:
        return SegmentPermissionsAsked.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    raise invalid_body([(one["type"], one["loc"]) for one in found], SegmentPermissionsAsked)


def _must_be_said_once(request: Request) -> None:
    for field in ("after", "limit"):
        if len(request.query_params.getlist(field)) > 1:
            raise invalid_field(field, "give it once")


def _next(page: MembersPage) -> str | None:
    if page.is_last:
        return None
    last = page.members[-1]
    return f"{last.partition},{last.since},{last.contact_id}"


def _place(after: str) -> MemberPlace:
    partition, _, rest = after.partition(",")
    since, _, contact_id = rest.partition(",")
    if not (_is_number(partition) and _is_number(since.removeprefix("-")) and contact_id):
        raise invalid_field("after", _AFTER_CURE)
    return MemberPlace(int(partition), int(since), contact_id)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15


def _audited(contact_id: str, reason: str) -> AuditedDecision:
    return {"contact_id": contact_id, "decision": None, "reason": reason}


def _answer(found: object, as_of: int) -> Response:
    return Response(orjson.dumps(found), media_type="application/json", headers={AS_OF: render_time(as_of)})
