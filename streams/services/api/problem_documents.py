"""Problem documents (RFC 9457), the API's errors: of requests that are invalid each mistake with its field and cure.

They never repeat what was sent, but for the name of an unknown field, since nothing else tells where the mistake is. It
goes to the sender only, and only if it can be no address and no number.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NotRequired

import orjson
from fastapi import Request, Response
from pydantic import BaseModel
from typing_extensions import TypedDict

from events.fields import MAX_ID, MAX_TEXT
from events.rights_requests import EXTENSION_REASONS, RIGHTS_KINDS, RIGHTS_OUTCOMES
from events.spelling import is_safe_to_repeat, nearest_name
from streams.services.api.models import LONGEST_RESERVATION_S, MOST_CONTACTS, NAMES, PermissionsAsked, Person

Code = Literal[
    "unauthorized",
    "forbidden",
    "not_found",
    "erased",
    "method_not_allowed",
    "slow",
    "too_large",
    "not_json",
    "invalid",
    "internal",
    "busy",
    "too_often",
    "profiles_incomplete",
    "results_incomplete",
    "segments_incomplete",
    "members_not_kept",
    "preview_unavailable",
    "audit_unavailable",
    "reservations_unavailable",
    "insights_unavailable",
    "rights_unavailable",
    "step_refused",
]
STATUS: Mapping[Code, tuple[int, str]] = {
    "unauthorized": (401, "Show a token that is known"),
    "forbidden": (403, "The token may not do this"),
    "not_found": (404, "Nothing is known under this name"),
    "erased": (410, "This person was forgotten"),
    "method_not_allowed": (405, "This method is not for this address"),
    "slow": (408, "The request took too long"),
    "too_large": (413, "The request is too large"),
    "not_json": (415, "Send JSON"),
    "invalid": (422, "The request is not as it should be"),
    "internal": (500, "Something went wrong here"),
    "too_often": (429, "This was asked too often in a minute"),
    "busy": (503, "Too many are sending: send it again"),
    "profiles_incomplete": (503, "Redis does not hold all profiles: allow nobody"),
    "results_incomplete": (503, "Redis does not hold all results of experiments"),
    "segments_incomplete": (503, "Redis does not hold all memberships of segments"),
    "members_not_kept": (409, "No list of the members of this segment is kept"),
    "preview_unavailable": (503, "There is no answer now"),
    "audit_unavailable": (503, "The answer cannot be written down, so there is none: allow nobody"),
    "reservations_unavailable": (503, "Nothing can be reserved now: allow nobody"),
    "insights_unavailable": (503, "There is no answer now"),
    "rights_unavailable": (503, "Nobody can tell that it is written down"),
    "step_refused": (409, "This step would not count"),
}
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
SERVER_AWAY = 503


class Mistake(TypedDict):
    """One thing that is wrong: where (`contacts[3].email`), and how to put it right."""

    field: str
    cure: str


class ProblemDocument(TypedDict):
    """An error. `code` is for programs."""

    type: str
    title: str
    status: int
    code: Code
    detail: str
    mistakes: NotRequired[list[Mistake]]


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self, code: Code, detail: str, mistakes: Sequence[Mistake] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.mistakes = mistakes
        self.headers = headers

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.code][0]

    def response(self) -> Response:
        """The document."""
        status, title = STATUS[self.code]
        document: ProblemDocument = {
            "type": f"urn:harmonia:problem:{self.code}",
            "title": title,
            "status": status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.mistakes:
            document["mistakes"] = list(self.mistakes)
        headers = {"Retry-After": str(RETRY_AFTER_S)} if status == SERVER_AWAY else {}
        return Response(orjson.dumps(document), status, {**headers, **(self.headers or {})}, MEDIA_TYPE)


MOST_TOLD = 10
_AN_ID = f"give a text of 1 to {MAX_ID} characters"
_A_PERSON = f"give an object that says {', '.join(NAMES[:-1])} or {NAMES[-1]}"
_HOW = {
    "channel": "give email, text, phone, door or letter",
    "purpose": "give fundraising, mobilisation, informational or transactional",
    "contacts": f"give a list of 1 to {MOST_CONTACTS} people",
    "at": "give an RFC 3339 time with an offset, such as 2026-02-22T19:00:00Z",
    "team": _AN_ID,
    "source": _AN_ID,
    "committee": _AN_ID,
    "election": _AN_ID,
    "campaign_id": _AN_ID,
    "sender": f"give a text of 1 to {MAX_TEXT} characters",
    "list_id": _AN_ID,
    "reserve": f"give whole seconds, 1 to {LONGEST_RESERVATION_S}",
    "after": "give what `next` of the page before is, or leave it out to begin",
    "limit": f"give a whole number, 1 to {MOST_CONTACTS}",
    "contact_id": "give 1 to 64 of letters, digits and _ . : -",
    "voter_id": f"give <state>:<id>, such as NY:77, {MAX_ID} characters at most",
    "external": 'give an object of up to 16 ids by their system, such as {"van": "123"}',
    "email": f"give an e-mail address, {MAX_TEXT} characters at most",
    "phone": f"give a phone number, {MAX_TEXT} characters at most",
    "kind": f"give one of {', '.join(RIGHTS_KINDS)}",
    "contact": f"give an object that names the person by one of {', '.join(NAMES)}",
    "received": "give a day, such as 2026-02-22",
    "on": "give a day, such as 2026-02-22",
    "anyway": "give true or false",
    "reason": f"give one of {', '.join(EXTENSION_REASONS)}",
    "outcome": f"give one of {', '.join(RIGHTS_OUTCOMES)}",
    "reference": "give 1 to 128 letters, digits or _ . : / # -, such as letters/17",
}


def invalid_body(
    found: Sequence[tuple[str, Sequence[int | str]]], asked: type[BaseModel] = PermissionsAsked
) -> Problem:
    """The Problem of mistakes that pydantic found in a request about permissions; at most ten are told.

    Each is a kind and a place. `asked`: the model of the request.
    """
    return _problem([_mistake(kind, places, asked) for kind, places in found[:MOST_TOLD]])


def invalid_field(field: str, cure: str) -> Problem:
    """The Problem of one invalid field."""
    return _problem([{"field": field, "cure": cure}])


def invalid_fields(mistakes: Sequence[Mistake]) -> Problem:
    """The Problem of several invalid fields."""
    return _problem(mistakes)


def require_known(request: Request, known: Collection[str] = ()) -> None:
    """Raise a Problem for unknown query parameters: they were meant to change the answer."""
    others = dict.fromkeys(name for name in request.query_params if name not in known)
    if others:
        raise _problem([_unknown(name, _repeatable_name(name), known) for name in [*others][:MOST_TOLD]])


def _problem(mistakes: Sequence[Mistake]) -> Problem:
    return Problem("invalid", "; ".join(f"{one['field']}: {one['cure']}" for one in mistakes), mistakes)


def _mistake(kind: str, places: Sequence[int | str], asked: type[BaseModel]) -> Mistake:
    path = _path(places)
    if kind == "extra_forbidden":
        known = asked.model_fields if len(places) == 1 else Person.model_fields
        return _unknown(str(places[-1]), path, known)
    if kind == "json_invalid":
        return {"field": path, "cure": "is not JSON; send one object, in UTF-8"}
    missing = "is missing; " if kind == "missing" else ""
    return {"field": path, "cure": missing + _how(places, asked)}


def _how(places: Sequence[int | str], asked: type[BaseModel]) -> str:
    if not places:
        required = [name for name, field in asked.model_fields.items() if field.is_required()]
        return f"send an object with {' and '.join([', '.join(required[:-1]), required[-1]]).removeprefix(' and ')}"
    named = [place for place in places if place in _HOW]
    if named == ["contacts"] and len(places) > 1:
        return _A_PERSON
    return _HOW[str(named[-1])] if named else "see /openapi.json"


def _unknown(name: str, path: str, known: Collection[str]) -> Mistake:
    near = nearest_name(name, known)
    cure = f"did you mean {near}?" if near else f"known are {', '.join(known)}" if known else "leave it out"
    return {"field": path, "cure": f"is not known here; {cure}"}


def _path(places: Sequence[int | str]) -> str:
    told = "".join(f"[{place}]" if isinstance(place, int) else f".{_repeatable_name(place)}" for place in places)
    return told.lstrip(".") or "the body"


def _repeatable_name(name: str) -> str:
    return name if is_safe_to_repeat(name) else "(an unknown field)"
