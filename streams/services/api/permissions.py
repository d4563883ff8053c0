"""The route `POST /v1/permissions`: whether these people may be reached, and their reservation."""

from collections import Counter
from collections.abc import Sequence

import orjson
from fastapi import APIRouter, Request, Response

from events.outputs import AuditedDecision, EvidenceItem
from events.times import parse_time, render_time
from sinks.lookup import Incomplete
from streams.domain.pressure import PermissionRequest
from streams.platform.cooperative import map_cooperatively
from streams.platform.tokens import ANY_TEAM, Caller
from streams.services.api.bodies import CURES
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.middleware import caller_of
from streams.services.api.models import PermissionAnswer, PermissionAnswers, PermissionsAsked, PermissionTerms
from streams.services.api.openapi import Responses, body_of, problems
from streams.services.api.permission_request import asked_person, read_permission_request
from streams.services.api.problem_documents import Problem, invalid_field, require_known
from streams.services.permission.decisions import AskedPerson, BatchAnswers, JudgedPerson, PermissionBatch
from streams.services.permission.near_names import (
    campaign_remark,
    cannot_be_a_sender,
    list_remark,
    sender_form_remark,
    sender_remark,
)

_RESPONSES: Responses = {
    200: {"model": PermissionAnswers, "description": "A decision about each, in the order asked"},
    **problems("unauthorized", "forbidden", "slow", "too_large", "not_json", "invalid", "profiles_incomplete"),
}


def permission_routes(deps: ApiDependencies) -> APIRouter:
    """The route of permission requests."""
    router = APIRouter()

    @router.post(
        "/v1/permissions",
        responses=_RESPONSES,
        response_class=Response,
        operation_id="permissions",
        openapi_extra=body_of(PermissionsAsked),
    )
    async def permissions(request: Request) -> Response:
        """Whether these people may be reached now. No answer is never an allow."""
        caller = caller_of(request)
        deps.require(caller, "permit")
        require_known(request)
        said = await read_permission_request(await read_body(deps, request))
        whom = await map_cooperatively(lambda person: asked_person(person, said.channel, deps.hasher), said.contacts)
        answers = await judged(deps, caller, said, whom)
        return Response(orjson.dumps(answers), media_type="application/json")

    return router


async def judged(
    deps: ApiDependencies,
    caller: Caller,
    said: PermissionTerms,
    whom: Sequence[AskedPerson],
    segment: str | None = None,
) -> PermissionAnswers:
    """The decisions about people, written down; `segment`: whose members they are. Raises a Problem for no answer."""
    if said.reserve is not None:
        deps.require(caller, "reserve")
    batch = _batch(deps, caller, said, whom)
    answers = await deps.judge.judge(batch)
    if isinstance(answers, Incomplete):
        deps.incomplete(answers)
    _write_down(deps, batch, answers, segment)
    return await _shown(answers, _remarks(batch.request, answers, deps.hasher.phone_region))


async def read_body(deps: ApiDependencies, request: Request) -> bytes:
    """The body. Raises a Problem when it cannot be read, or is said to be no JSON."""
    if not request.headers.get("content-type", "application/json").lower().startswith("application/json"):
        raise Problem("not_json", "Send Content-Type: application/json")
    body = await deps.bodies.read(request)
    if isinstance(body, str):
        raise Problem("not_json" if body == "encoded" else body, CURES[body])
    return body


def _batch(
    deps: ApiDependencies, caller: Caller, said: PermissionTerms, whom: Sequence[AskedPerson]
) -> PermissionBatch:
    if said.sender is not None and cannot_be_a_sender(said.sender):
        raise invalid_field(
            "sender", "give a phone number, short code or name: there is no letter and no digit in this"
        )
    request = PermissionRequest(
        channel=said.channel,
        purpose=said.purpose,
        team=_team(deps, caller, said.team),
        source=said.source,
        committee=said.committee,
        election=said.election,
        campaign_id=said.campaign_id,
        sender=said.sender,
        list_id=said.list_id,
        automatic=said.automatic,
    )
    reserve_ms = None if said.reserve is None else said.reserve * 1000
    at = deps.clock() if said.at is None else parse_time(said.at)
    if at is None:
        raise invalid_field("at", "give an RFC 3339 time with an offset")
    return PermissionBatch(request, at, whom, reserve_ms)


def _team(deps: ApiDependencies, caller: Caller, named: str | None) -> str:
    """The team of a request: the token's own, unless the token is for any team. Raises a Problem for another one."""
    if caller.team == ANY_TEAM:
        if named is None:
            raise invalid_field("team", "say for which team: the token is of none")
        return named
    if named not in {None, caller.team}:
        deps.forbid("The token is another team's: leave team out")
    return caller.team


def _write_down(deps: ApiDependencies, batch: PermissionBatch, answers: BatchAnswers, segment: str | None) -> None:
    request = batch.request
    audited: list[AuditedDecision] = [
        {"contact_id": one.contact_id, "decision": one.decision.decision, "reason": one.decision.reason}
        for one in answers.judged
        if one.contact_id is not None
    ]
    record = deps.record("permission", request.team, audited)
    record["channel"], record["purpose"] = request.channel, request.purpose
    record["campaign_id"], record["policy_version"] = request.campaign_id, answers.policy_version
    if segment is not None:
        record["segment"] = segment
    if request.automatic is not None:
        record["automatic"] = request.automatic
    deps.write_down(record)
    counted = Counter((one.decision.decision, one.decision.reason) for one in answers.judged)
    for (decision, reason), count in counted.items():
        deps.metrics.decisions.labels(request.channel, decision, reason).inc(count)


async def _shown(answers: BatchAnswers, remarks: list[str]) -> PermissionAnswers:
    decisions = await map_cooperatively(_answer, answers.judged)
    as_of = render_time(answers.as_of)
    shown: PermissionAnswers = {"policy_version": answers.policy_version, "as_of": as_of, "decisions": decisions}
    if remarks:
        shown["remarks"] = remarks
    return shown


def _remarks(request: PermissionRequest, answers: BatchAnswers, country: str) -> list[str]:
    """Remarks on names of the request that may be misspelled, each behind the name of its field."""
    stopped, whose = answers.stopped, "some of these people have"
    found = {
        "campaign_id": [campaign_remark(request.campaign_id, answers.held)],
        "sender": [
            sender_form_remark(request.sender, request.channel, country),
            sender_remark(request.sender, stopped.senders, country, whose),
        ],
        "list_id": [list_remark(request.list_id, stopped.lists, whose)],
    }
    return [f"{name}: {remark}" for name, remarks in found.items() for remark in remarks if remark is not None]


def _answer(one: JudgedPerson) -> PermissionAnswer:
    decision = one.decision
    shown: PermissionAnswer = {
        "contact_id": one.contact_id,
        "decision": decision.decision,
        "reason": decision.reason,
        "evidence": [_item(*evidence) for evidence in decision.evidence],
        "earliest_at": _time(decision.earliest_at),
        "expires_at": _time(decision.expires_at),
    }
    if decision.ref is not None:
        shown["ref"] = decision.ref
    if decision.notice_due:
        shown["notice_due"] = True
    if one.reservation is not None:
        shown["reservation"] = one.reservation
    return shown


def _item(source: str, id_: str) -> EvidenceItem:
    return {"source": source, "id": id_}


def _time(ms: int | None) -> str | None:
    return None if ms is None else render_time(ms)
