"""The routes `GET /v1/contacts…`: the profile of one person."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from events.fields import CONTACT_ID_PATTERN, MAX_ID, MAX_TEXT
from events.identifiers import Kind
from events.outputs import AuditedDecision, ContactProfile
from events.times import render_time
from sinks.lookup import ContactNames, ErasedContact, Incomplete, KnownContact
from streams.platform.tokens import Caller
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.middleware import caller_of
from streams.services.api.openapi import AS_OF, AS_OF_HEADER, Responses, problems
from streams.services.api.problem_documents import Problem, invalid_field, require_known

_KINDS: dict[str, Kind] = {"external": "external", "voter_id": "voter", "email": "email", "phone": "phone"}
CONTACT_ID_CURE = "give 1 to 64 of letters, digits and _ . : -; an address goes into the query, see /openapi.json"
"""Whatever the path says stands in audit-log as it is, and an address has no place there."""
CURES = {
    "external": "give <system>:<id>, such as van:123",
    "voter_id": "give <state>:<id>, such as NY:123",
    "email": "give an e-mail address",
    "phone": "give a phone number, with its country code where it is not of the usual country",
}
_RESPONSES: Responses = {
    200: {
        "model": ContactProfile,
        "description": "The profile as it is in contact-state",
        "headers": AS_OF_HEADER,
    },
    **problems("unauthorized", "forbidden", "not_found", "erased", "invalid", "profiles_incomplete"),
}


def contact_routes(deps: ApiDependencies) -> APIRouter:
    """The routes of a profile: by contact_id, and by another identifier."""
    router = APIRouter()

    @router.get("/v1/contacts/{contact_id}", responses=_RESPONSES, response_class=Response, operation_id="contact")
    async def contact(request: Request, contact_id: Annotated[str, Path(pattern=CONTACT_ID_PATTERN)]) -> Response:
        """The profile of a contact; an id that was merged into another's is answered with that one's."""
        caller = _reader(deps, request)
        require_known(request)
        return await _profile(deps, caller, [contact_id])

    @router.get("/v1/contacts", responses=_RESPONSES, response_class=Response, operation_id="contact_by_identifier")
    async def contact_by_identifier(
        request: Request,
        external: Annotated[str | None, Query(max_length=2 * MAX_ID + 1, description="`van:123`")] = None,
        voter_id: Annotated[str | None, Query(max_length=MAX_ID, description="`NY:123`")] = None,
        email: Annotated[str | None, Query(max_length=MAX_TEXT)] = None,
        phone: Annotated[str | None, Query(max_length=MAX_TEXT)] = None,
    ) -> Response:
        """The profile of whoever goes by this identifier. Give one of the four."""
        caller = _reader(deps, request)
        require_known(request, _KINDS)
        _must_be_said_once(request)
        given = {"external": external, "voter_id": voter_id, "email": email, "phone": phone}
        return await _profile(deps, caller, _names(deps, given))

    return router


def _reader(deps: ApiDependencies, request: Request) -> Caller:
    caller = caller_of(request)
    deps.require(caller, "read")
    return caller


def _must_be_said_once(request: Request) -> None:
    """Refuse a parameter that is given twice: one of two people would be answered as if the only one."""
    for field in _KINDS:
        if len(request.query_params.getlist(field)) > 1:
            raise invalid_field(field, "give it once")


def _names(deps: ApiDependencies, given: dict[str, str | None]) -> ContactNames:
    named = [(field, text) for field, text in given.items() if text is not None]
    if len(named) != 1:
        raise invalid_field("the query", f"give one of {', '.join(given)}")
    [(field, text)] = named
    try:
        found = deps.hasher.lookups(_KINDS[field], text)
    except UnicodeEncodeError:
        found = []
    if not found:
        raise invalid_field(field, f"cannot be read as one; {CURES[field]}")
    return found


async def _profile(deps: ApiDependencies, caller: Caller, names: ContactNames) -> Response:
    seen = await deps.lookup.look([names])
    if isinstance(seen, Incomplete):
        deps.incomplete(seen)
    [contact] = seen.contacts
    outcome = (
        "found" if isinstance(contact, KnownContact) else "erased" if isinstance(contact, ErasedContact) else "unknown"
    )
    deps.write_down(deps.record("read", caller.team, [_audited(contact.contact_id, outcome)]))
    if isinstance(contact, ErasedContact):
        raise Problem("erased", "Nothing is kept but that")
    if not isinstance(contact, KnownContact):
        raise Problem("not_found", "Nobody is known under this name")
    return Response(contact.profile, media_type="application/json", headers={AS_OF: render_time(seen.as_of)})


def _audited(contact_id: str, outcome: str) -> AuditedDecision:
    return {"contact_id": contact_id, "decision": None, "reason": outcome}
