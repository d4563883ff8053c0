"""The routes `/v1/rights…`: requests of people over their data, from a form of the campaign's own.

What is asked for is done from the console or the command line, where somebody looks who asks; an objection alone acts
at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal, TypeVar, cast

import orjson
from fastapi import APIRouter, Request, Response
from kafka.errors import KafkaError
from pydantic import BaseModel, ValidationError
from redis.exceptions import RedisError

from events.outputs import AuditedDecision
from sinks.lookup import Incomplete
from streams.domain.rights.clock import may_have_come
from streams.domain.rights.permitted import StepRefusal
from streams.domain.rights.plain import PlainRequest, plain_request
from streams.domain.rights.requests import RightsRequest
from streams.domain.rights.steps import ClockExtended, RequestClosed, RequestStep
from streams.platform.errors import MissingTopic
from streams.platform.tokens import ANY_TEAM, Caller, is_team
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.middleware import caller_of
from streams.services.api.models import (
    NAMES,
    OnADay,
    Person,
    RightAsked,
    RightsCloseAsked,
    RightsExtensionAsked,
    RightsRequestAnswer,
    RightsRequestsAnswer,
)
from streams.services.api.openapi import Responses, body_of, problems
from streams.services.api.permissions import read_body
from streams.services.api.problem_documents import Code, Problem, invalid_body, invalid_field, require_known
from streams.services.permission.person_name import PersonName, parse_person
from streams.services.rights_desk.answering import Mark, NotWrittenDown
from streams.services.rights_desk.asking import AskedRight, NobodyKnown, NoSuchRequest

MOST_AT_ONCE = 4
"""Requests that one process has under way with Kafka."""
_MOST_BODY = 16 << 10
_CLOSED = {"true": True, "false": False}
_WHY_NOT: dict[StepRefusal, str] = {
    "closed": "It is closed; a person who asks again has another request",
    "extended_before": "It was extended before, and may be so once",
    "month_is_over": "The month is over, within which the person has to be told that it takes longer",
    "before_receipt": "`on` is before the day on which it came",
    "in_future": "`on` has not come yet",
    "deed_of_other_kind": "That is not done about a request of this kind",
}
_BODY: tuple[Code, ...] = ("slow", "too_large", "not_json", "invalid")
_ASKED: Responses = {
    200: {"model": RightsRequestAnswer, "description": "One of this kind and person is open already, and stands"},
    201: {"model": RightsRequestAnswer, "description": "The request is written down"},
    **problems("unauthorized", "forbidden", "not_found", *_BODY, "rights_unavailable", "profiles_incomplete"),
}
_STEP: Responses = {
    200: {"model": RightsRequestAnswer, "description": "The request as it stands then"},
    **problems("unauthorized", "forbidden", "not_found", "step_refused", *_BODY, "rights_unavailable"),
}
_LIST: Responses = {
    200: {"model": RightsRequestsAnswer, "description": "Requests, the one that is due first at the front"},
    **problems("unauthorized", "forbidden", "invalid", "rights_unavailable", "audit_unavailable"),
}
_ONE: Responses = {
    200: {"model": RightsRequestAnswer, "description": "The request as it stands"},
    **problems("unauthorized", "forbidden", "not_found", "invalid", "rights_unavailable", "audit_unavailable"),
}

Model = TypeVar("Model", bound=BaseModel)
Found = TypeVar("Found")


class _Desk:
    """The rights desk as routes ask it: `office` blocks, so few ask at once, each in a thread."""

    def __init__(self, deps: ApiDependencies) -> None:
        self._under_way = asyncio.Semaphore(MOST_AT_ONCE)
        self._deps = deps
        self.office = deps.rights

    async def do(self, work: Callable[[], Found]) -> Found:
        """What the desk gives. Raises a Problem where it is away, or too many ask."""
        if self._under_way.locked():
            raise Problem("busy", f"{MOST_AT_ONCE} requests are under way; ask again in a moment")
        async with self._under_way:
            try:
                return await asyncio.to_thread(work)
            except NotWrittenDown:
                raise Problem("rights_unavailable", "It could not be written down: ask again") from None
            except (KafkaError, MissingTopic, OSError, RedisError):
                raise Problem("rights_unavailable", "Kafka or Redis does not answer: ask again") from None

    async def step(
        self, request: Request, request_id: str, said: OnADay, made: Callable[[Mark], RequestStep]
    ) -> Response:
        """Write down a step of a request. Raises a Problem where it would not count."""
        by = _by(self._deps, caller_of(request), said.team)
        found = await self.do(lambda: self.office.take(by, request_id, made, said.day))
        if isinstance(found, NoSuchRequest):
            raise _none_of_this_id()
        if isinstance(found, str):
            raise Problem("step_refused", _WHY_NOT[found])
        return _answer(_row(found, self.office.today()))


def rights_routes(deps: ApiDependencies) -> APIRouter:
    """The routes of requests: ask, list, look at one, extend, close."""
    router, desk = APIRouter(), _Desk(deps)

    @router.post(
        "/v1/rights",
        responses=_ASKED,
        response_class=Response,
        operation_id="ask_right",
        openapi_extra=body_of(RightAsked),
    )
    async def ask(request: Request) -> Response:
        """Write down that a person uses a right. An objection stops all contact with them before it is answered."""
        caller = _caller(deps, request)
        said = _read(await _body(deps, request), RightAsked)
        asked = _asked(said, desk.office.today())
        by = _by(deps, caller, said.team)
        await _require_found(deps, asked)
        found = await desk.do(lambda: desk.office.ask(by, asked))
        if isinstance(found, NobodyKnown):
            raise Problem("not_found", "Nobody is known by that: write it down all the same with `anyway`")
        row = _row(found.request, desk.office.today(), found.is_stopped)
        return _answer(row, 201 if found.is_new else 200)

    @router.get("/v1/rights", responses=_LIST, response_class=Response, operation_id="rights")
    async def listed(request: Request, closed: str = "false") -> Response:
        """Open requests; with `closed=true` closed ones too."""
        caller = _caller(deps, request, ["closed"])
        if closed not in _CLOSED or len(request.query_params.getlist("closed")) > 1:
            raise invalid_field("closed", "give true or false, once")
        requests = (await desk.do(desk.office.desk)).requests.values()
        today = desk.office.today()
        shown = [plain_request(each, today) for each in requests if _CLOSED[closed] or each.closed is None]
        _write_down(deps, "list", caller, shown)
        return Response(orjson.dumps({"requests": shown}), media_type="application/json")

    @router.get("/v1/rights/{request_id}", responses=_ONE, response_class=Response, operation_id="right")
    async def one(request: Request, request_id: str) -> Response:
        """One request, by its whole id."""
        caller = _caller(deps, request)
        found = (await desk.do(desk.office.desk)).requests.get(request_id)
        if found is None:
            raise _none_of_this_id()
        row = _row(found, desk.office.today())
        _write_down(deps, "read", caller, [row])
        return _answer(row)

    _add_steps(router, deps, desk)
    return router


def _add_steps(router: APIRouter, deps: ApiDependencies, desk: _Desk) -> None:
    """Add the routes by which somebody says what a person was told."""

    @router.post(
        "/v1/rights/{request_id}/extend",
        responses=_STEP,
        response_class=Response,
        operation_id="extend_right",
        openapi_extra=body_of(RightsExtensionAsked),
    )
    async def extend(request: Request, request_id: str) -> Response:
        """Write down that the person was told that it takes two further months."""
        _caller(deps, request)
        said = _read(await _body(deps, request), RightsExtensionAsked)
        return await desk.step(request, request_id, said, lambda mark: ClockExtended(**mark, reason=said.reason))

    @router.post(
        "/v1/rights/{request_id}/close",
        responses=_STEP,
        response_class=Response,
        operation_id="close_right",
        openapi_extra=body_of(RightsCloseAsked),
    )
    async def close(request: Request, request_id: str) -> Response:
        """Write down what the person was told: the clock stops, and stays so."""
        _caller(deps, request)
        said = _read(await _body(deps, request), RightsCloseAsked)

        def closing(mark: Mark) -> RequestStep:
            return RequestClosed(**mark, outcome=said.outcome, reference=said.reference)

        return await desk.step(request, request_id, said, closing)


def _caller(deps: ApiDependencies, request: Request, known: Sequence[str] = ()) -> Caller:
    """Who asks, with the scope for it and with no query parameter but these. Raises a Problem otherwise."""
    caller = caller_of(request)
    deps.require(caller, "rights")
    require_known(request, known)
    return caller


def _by(deps: ApiDependencies, caller: Caller, team: str | None) -> str:
    """Who takes a step, as the source of commands: the token's team, or of a token of any team the one it names."""
    if caller.team != ANY_TEAM:
        if team not in (None, caller.team):
            deps.forbid("The token speaks for its own team")
        return f"{caller.team}/rights"
    if team is None or not is_team(team):
        raise invalid_field("team", "name the team that asks: letters, digits and _ . -, as the token is of none")
    return f"{team}/rights"


async def _body(deps: ApiDependencies, request: Request) -> bytes:
    body = await read_body(deps, request)
    if len(body) > _MOST_BODY:
        raise Problem("too_large", f"Send {_MOST_BODY >> 10} KiB at most")
    return body


def _read(body: bytes, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid_body([(each["type"], each["loc"]) for each in found], model) from None


def _asked(said: RightAsked, today: date) -> AskedRight:
    received = said.day or today
    if not may_have_come(received, today):
        raise invalid_field("received", "give a day of the last ten years, today at the latest")
    return AskedRight(said.kind, _word(said.contact), received, said.anyway)


def _word(person: Person) -> str:
    """The one identifier of a person in its long form: the request is kept under it."""
    given = [name for name in NAMES if getattr(person, name) is not None]
    if len(given) != 1 or (person.external is not None and len(person.external) != 1):
        raise invalid_field("contact", f"name the person by one of {', '.join(NAMES)}: the request is kept under it")
    if person.contact_id is not None:
        if parse_person(person.contact_id).kind is not None:
            raise invalid_field("contact.contact_id", "is another identifier by how it begins: name it as what it is")
        return person.contact_id
    if person.voter_id is not None:
        return PersonName("voter", person.voter_id).long_form
    if person.external is not None:
        [(system, id_)] = person.external.items()
        return PersonName("external", f"{system}:{id_}").long_form
    if person.email is not None:
        return PersonName("email", person.email).long_form
    return PersonName("phone", person.phone or "").long_form


async def _require_found(deps: ApiDependencies, asked: AskedRight) -> None:
    """Raise a Problem where what names the person cannot be read, or Redis is not whole and may lack just them."""
    names = parse_person(asked.word).ids(deps.hasher)
    if not names:
        raise invalid_field("contact", "give an identifier that can be read, as it was reported")
    if not asked.anyway:
        seen = await deps.lookup.ids([names])
        if isinstance(seen, Incomplete):
            deps.incomplete(seen)


def _none_of_this_id() -> Problem:
    return Problem("not_found", "There is none of this whole id, or its person was forgotten with it")


def _write_down(
    deps: ApiDependencies, what: Literal["read", "list"], caller: Caller, shown: Sequence[PlainRequest]
) -> None:
    """Put into `audit-log` whose requests are shown to whom. Raises a Problem where it cannot."""
    people = dict.fromkeys(each["contact_id"] for each in shown if each["contact_id"] is not None)
    answers: list[AuditedDecision] = [{"contact_id": one, "decision": None, "reason": "rights"} for one in people]
    deps.write_down(deps.record(what, caller.team, answers))


def _row(request: RightsRequest, today: date, stopped: bool | None = None) -> RightsRequestAnswer:
    row = cast(RightsRequestAnswer, plain_request(request, today))
    if stopped is not None:
        row["stopped"] = stopped
    return row


def _answer(row: RightsRequestAnswer, status: int = 200) -> Response:
    return Response(orjson.dumps(row), status, media_type="application/json")
