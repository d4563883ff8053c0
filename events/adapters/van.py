"""Canvass responses of NGP VAN and EveryAction, as tools send them to their API.

Codes are per committee, so they come from a file (`results`, `contact_types`, by the committee's own ids) and none is
built in; with answers and no code the person was contacted. A report holds either a result or answers.
`smsOptInStatus` is the present state of a phone's record, not a word given that day: it closes texts and opens none.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from events.adapters.drafts import Draft, DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed
from events.adapters.values import object_at, objects_in, parse_moment, present, text_of
from events.interactions.canvass import Method, Outcome
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.validation_messages import in_plain_words

SYSTEM = "van"
_Id = Annotated[str, Field(pattern=r"^\d+$")]
_CLOSES = "O"
_NO_CODE = Refusal(Reason.UNSUPPORTED_TYPE, "resultCodeId: not among `results` of the codes file")
_NO_METHOD = Refusal(Reason.UNSUPPORTED_TYPE, "contactTypeId: not among `contact_types` of the codes file")
_BOTH = Refusal(Reason.INVALID_DATA, "resultCodeId, responses: give one of them")


class VanCodes(BaseModel):
    """A codes file: the method or outcome for each id of the committee.

    `support`: for each question about support, the value of each response, 1 (strong) to 5 (opposed).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact_types: dict[_Id, Method]
    results: dict[_Id, Outcome]
    support: dict[_Id, dict[_Id, Literal[1, 2, 3, 4, 5]]] = {}


class InvalidCodes(ValueError):
    """A codes file is invalid. The text names each field and the cure."""


def read_codes(found: Mapping[str, Any]) -> dict[str, Any]:
    """Validate the content of a codes file, for `Feed.codes`. Raises `InvalidCodes`."""
    try:
        return {"van": VanCodes.model_validate(found)}
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        lines = (f"{'.'.join(map(str, one['loc']))}: {in_plain_words(one)}" for one in mistakes)
        raise InvalidCodes("\n".join(lines)) from error


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The canvass responses of a body, each with its `vanId`."""
    return read_elements(body, feed, _one)


def _one(report: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    codes = cast("VanCodes", feed.codes.get("van", _NO_CODES))
    context, answers = object_at(report, "canvassContext"), objects_in(report.get("responses"))
    code, kind = text_of(report.get("resultCodeId")), text_of(context.get("contactTypeId"))
    method = codes.contact_types.get(kind or "")
    outcome = "contacted" if code is None and answers else codes.results.get(code or "")
    if code is not None and answers:
        yield _BOTH
    elif method is None:
        yield _NO_METHOD
    elif outcome is None:
        yield _NO_CODE
    else:
        yield from _drafts(report, method, outcome, codes, feed)


_NO_CODES = VanCodes(contact_types={}, results={})


def _drafts(
    report: dict[str, JSON], method: Method, outcome: Outcome, codes: VanCodes, feed: Feed
) -> Iterable[DraftResult]:
    context, contact = object_at(report, "canvassContext"), _contact(report)
    time = parse_moment(context.get("dateCanvassed"), "canvassContext.dateCanvassed", feed.time_zone)
    act = _act(report)
    data: dict[str, JSON] = {"contact": contact, "method": method, "outcome": outcome}
    data |= present(campaign_id=text_of(context.get("campaignId"))) | _learnt(report, codes)
    yield Draft("canvass.reported", time, act, data)
    if text_of(object_at(context, "phone").get("smsOptInStatus")) == _CLOSES:
        consent: dict[str, JSON] = {"contact": contact, "channel": "text", "granted": False, "basis": SYSTEM}
        yield Draft("consent.changed", time, (*act, "text", False), consent)


def _act(report: dict[str, JSON]) -> tuple[JSON, ...]:
    context = object_at(report, "canvassContext")
    answers = sorted(repr(sorted(one.items(), key=str)) for one in objects_in(report.get("responses")))
    named = (text_of(report.get("vanId")), text_of(context.get("dateCanvassed")), text_of(context.get("contactTypeId")))
    return (SYSTEM, *named, text_of(report.get("resultCodeId")), *answers)


def _contact(report: dict[str, JSON]) -> dict[str, JSON]:
    phone = object_at(report, "canvassContext", "phone")
    number = f"+{text_of(phone.get('dialingPrefix')) or '1'} {text_of(phone.get('phoneNumber'))}"
    return present(
        external=present(van=text_of(report.get("vanId"))), phone=number if text_of(phone.get("phoneNumber")) else None
    )


def _learnt(report: dict[str, JSON], codes: VanCodes) -> dict[str, JSON]:
    answers: dict[str, JSON] = {}
    tags: dict[bool, list[JSON]] = {True: [], False: []}
    support: int | None = None
    for one in objects_in(report.get("responses")):
        added = text_of(one.get("action")) != "Remove"
        question, answer = text_of(one.get("surveyQuestionId")), text_of(one.get("surveyResponseId"))
        if one.get("type") == "SurveyResponse" and question and answer:
            answers[f"{SYSTEM}:{question}"] = answer
            support = codes.support.get(question, {}).get(answer, support)
        elif one.get("type") == "ActivistCode" and (code := text_of(one.get("activistCodeId"))):
            tags[added].append(f"{SYSTEM}:{code}")
        elif one.get("type") == "VolunteerActivity" and (code := text_of(one.get("volunteerActivityId"))):
            tags[added].append(f"{SYSTEM}:volunteer:{code}")
    return present(answers=answers, support=support, tags_added=tags[True], tags_removed=tags[False])
