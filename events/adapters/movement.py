"""Movement Infrastructure's interactions: one schema for doors, calls, texts, letters, e-mail and forms of many tools.

`interactionId` is new for each submission but a resend, so an act is the person, the tool, the method and the time of
the attempt. Nothing is ever rewritten there: a mistake is undone by the same attempt again with `operation: delete` on
the wrong details. Where all details are deleted the report is retracted as a whole; a tag that is deleted beside new
details is removed. People, answers and codes have ids, so the free text of a question is not kept.
"""

from collections.abc import Iterable

from events.adapters.drafts import Draft, DraftResult, id_of, read_listed
from events.adapters.feed import AdapterResult, Feed, SkippedElement
from events.adapters.values import object_at, objects_in, parse_moment, present, region, text_of
from events.interactions.canvass import Outcome
from events.json_types import JSON
from events.refusal import Reason, Refusal

SYSTEM = "movement"
_CANVASS = {
    "door_knock": "door",
    "one_on_one": "relational",
    "phone_call": "phone",
    "dialer_call": "phone",
    "robo_call": "phone",
    "text": "text",
    "text_broadcast": "text",
    "mail": "letter",
    "letter": "letter",
}
_OUTCOMES: dict[str, Outcome] = {
    "successful_contact": "contacted",
    "deceased": "deceased",
    "deliverability_error": "other",
    "permanently_undeliverable": "disconnected",
    "inaccessible": "inaccessible",
    "language_barrier": "language_barrier",
    "moved": "moved",
    "no_answer": "no_answer",
    "wrong_number": "wrong_number",
    "hostile": "refused",
    "refused": "refused",
    "lit_drop": "lit_drop",
    "left_message": "left_message",
    "other": "other",
    "unknown": "other",
}
_EMAIL = {
    "delivered": "email.delivered",
    "email_opened": "email.opened",
    "clicked_link": "email.clicked",
    "marked_spam": "email.complained",
    "permanently_undeliverable": "email.bounced",
    "deliverability_error": "email.bounced",
}
_TEXT = {
    "delivered": "text.delivered",
    "permanently_undeliverable": "text.failed",
    "deliverability_error": "text.failed",
}
_TEXTS = frozenset({"text", "text_broadcast"})
_FOLLOWS = frozenset({"submitted_form"})
_CONSENT = "communication_consent"
_CHANNELS = {
    "email": "email",
    "text": "text",
    "phone": "phone",
    "door": "door",
    "letter": "letter",
    "relational": "all",
}
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "method, outcome: not an attempt that has a type here")


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """Each interaction of a request (`interactions`), of an array, or one alone."""
    return read_listed(body, "interactions", feed, _one)


def _one(element: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    listed = element.get("interactions")
    for attempt in objects_in(listed) if isinstance(listed, list) else [element]:
        yield from _attempt(attempt, feed)


def _attempt(attempt: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    time = parse_moment(attempt.get("attemptDateTime"), "attemptDateTime")
    details = objects_in(attempt.get("outcomesDetailed"))
    act = _act(attempt)
    consents = [one for one in details if one.get("type") == _CONSENT]
    if details and all(_deleted(one) for one in details):
        yield _taken_back(attempt, time, _named(attempt, act), feed)
    else:
        yield _report(attempt, time, _named(attempt, act), details)
    for one in consents:
        if _deleted(one):
            yield _taken_back(attempt, time, (*act, "consent", _granted(one)), feed)
        else:
            yield _consent(attempt, time, act, one)


def _named(attempt: dict[str, JSON], act: tuple[JSON, ...]) -> tuple[JSON, ...]:
    """The act with the outcome, where reports of one message or form are acts of their own."""
    method, outcome = text_of(attempt.get("method")) or "", text_of(attempt.get("outcome")) or ""
    told = outcome in _FOLLOWS or (method == "email" and outcome in _EMAIL)
    return (*act, outcome) if told or (method in _TEXTS and outcome in _TEXT) else act


def _act(attempt: dict[str, JSON]) -> tuple[JSON, ...]:
    who: list[JSON] = [
        f"{text_of(one.get('type'))}:{text_of(one.get('id'))}" for one in objects_in(attempt.get("person"))
    ]
    reached = text_of(object_at(attempt, "channel").get("value"))
    named: tuple[JSON, ...] = tuple(sorted(map(str, who))) or (_first(attempt, "email"), _first(attempt, "phone"))
    tool = text_of(attempt.get("vendorSource"))
    return (SYSTEM, tool, text_of(attempt.get("method")), text_of(attempt.get("attemptDateTime")), reached, *named)


def _deleted(detail: dict[str, JSON]) -> bool:
    return text_of(detail.get("operation")) == "delete"


def _taken_back(attempt: dict[str, JSON], time: int | Refusal, act: tuple[JSON, ...], feed: Feed) -> Draft:
    retracts: dict[str, JSON] = {"source": feed.source, "id": id_of(act)}
    return Draft("interaction.retracted", time, (*act, "deleted"), {"contact": _contact(attempt), "retracts": retracts})


def _report(
    attempt: dict[str, JSON], time: int | Refusal, act: tuple[JSON, ...], details: Iterable[dict[str, JSON]]
) -> DraftResult:
    method, outcome = text_of(attempt.get("method")) or "", text_of(attempt.get("outcome")) or ""
    data = {"contact": _contact(attempt)} | present(campaign_id=_initiative(attempt))
    message = f"{SYSTEM}:{id_of(_act(attempt))}"
    if outcome in _FOLLOWS:
        return Draft("form.submitted", time, act, data | {"form_id": _initiative(attempt) or SYSTEM})
    if method == "email" and (type_ := _EMAIL.get(outcome)):
        kind = present(kind=_kind(outcome)) if type_ == "email.bounced" else {}
        return Draft(type_, time, act, data | {"message_id": message} | kind)
    if method in _TEXTS and (type_ := _TEXT.get(outcome)):
        return Draft(type_, time, act, data | {"message_id": message})
    if method not in _CANVASS or outcome not in _OUTCOMES:
        return _UNKNOWN
    return Draft("canvass.reported", time, act, data | _canvass(method, outcome, attempt) | _learnt(details))


def _kind(outcome: str) -> str:
    return "hard" if outcome == "permanently_undeliverable" else "soft"


def _canvass(method: str, outcome: str, attempt: dict[str, JSON]) -> dict[str, JSON]:
    """The method, outcome and canvasser; no answer at a door means that nobody is home."""
    met: Outcome = "not_home" if method == "door_knock" and outcome == "no_answer" else _OUTCOMES[outcome]
    canvasser = next((text_of(one.get("id")) for one in objects_in(attempt.get("canvasser"))), None)
    return {"method": _CANVASS[method], "outcome": met} | present(canvasser_id=canvasser)


def _learnt(details: Iterable[dict[str, JSON]]) -> dict[str, JSON]:
    """The answers and tags; a survey's answer that is deleted beside new ones is not among them."""
    answers: dict[str, JSON] = {}
    tags: dict[bool, list[JSON]] = {True: [], False: []}
    for one in details:
        value = object_at(one, "value")
        if one.get("type") == "survey_response" and not _deleted(one):
            question, answer = text_of(value.get("questionId")), text_of(value.get("responseText"))
            if question and answer:
                answers[f"{SYSTEM}:{question}"] = answer
        elif one.get("type") == "activist_code" and (code := text_of(value.get("activistCodeId"))):
            tags[_deleted(one)].append(f"{SYSTEM}:{code}")
    return present(answers=answers, tags_added=tags[False], tags_removed=tags[True])


def _consent(attempt: dict[str, JSON], time: int | Refusal, act: tuple[JSON, ...], one: dict[str, JSON]) -> DraftResult:
    """A change of consent: anything but `opted_in` closes, since an unknown word is safer read so.

    Where the method is no channel, a no closes all and a yes opens none: nobody agrees to everything in passing.
    """
    granted = _granted(one)
    method = text_of(attempt.get("method")) or ""
    channel = "email" if method == "email" else _CHANNELS.get(_CANVASS.get(method, ""), "all")
    if granted and channel == "all":
        return SkippedElement("consent_to_no_channel")
    data: dict[str, JSON] = {"contact": _contact(attempt), "channel": channel, "granted": granted, "basis": SYSTEM}
    return Draft("consent.changed", time, (*act, "consent", granted), data)


def _granted(one: dict[str, JSON]) -> bool:
    return text_of(object_at(one, "value").get("consentStatus")) == "opted_in"


def _contact(attempt: dict[str, JSON]) -> dict[str, JSON]:
    state = text_of(attempt.get("stateCode"))
    known = {
        (text_of(one.get("type")) or "").lower(): text_of(one.get("id")) for one in objects_in(attempt.get("person"))
    }
    voter = known.pop("voter_id", None) or known.pop("state_voter_id", None)
    external: dict[str, JSON] = {system: id_ for system, id_ in known.items() if system and id_}
    return present(
        voter_id=f"{state}:{voter}" if state and voter and state != "NA" else None,
        external=external,
        email=_first(attempt, "email"),
        phone=_first(attempt, "phone"),
        region=region(state),
    )


def _first(attempt: dict[str, JSON], name: str) -> str | None:
    listed = object_at(attempt, "contactInfo").get(name)
    return text_of(listed[0]) if isinstance(listed, list) and listed else None


def _initiative(attempt: dict[str, JSON]) -> str | None:
    return next((text_of(one.get("id")) for one in objects_in(attempt.get("initiative"))), None)
