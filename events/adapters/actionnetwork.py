"""Action Network's webhooks: an array of actions in OSDI, each under the name of its type.

Action Network's own id of an action stays the same in retries, and identifies the act. A donation through ActBlue has
ActBlue's identifier too, and gets ActBlue's id, so that it counts once when both report it. A person is the content of
this one form, no more. Channels that its record says are closed are closed.
"""

from collections.abc import Iterable

from events.adapters import osdi
from events.adapters.drafts import Draft, DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, SkippedElement
from events.adapters.values import minor_units, object_at, objects_in, parse_moment, present, text_of
from events.interactions.canvass import Outcome
from events.json_types import JSON
from events.refusal import Reason, Refusal

SYSTEM = "actionnetwork"
_OWN = "action_network"
_FORMS = {
    "osdi:signature": ("petition", ("osdi:petition",)),
    "osdi:submission": ("signup", ("osdi:form",)),
    "osdi:outreach": ("petition", ("osdi:advocacy_campaign",)),
}
"""The kind of form, and the links that may name it."""
_LEFT_OUT = {"action_network:upload": "upload", "action_network:action": "action"}
"""Elements that are skipped: an uploaded list, and a repetition of an action that has its own type."""
_PERIODS = {"weekly": "weekly", "monthly": "monthly", "yearly": "yearly", "annually": "yearly"}
_METHODS = {
    "e-mail": None,
    "email": None,
    "door": "door",
    "walk": "door",
    "phone": "phone",
    "call": "phone",
    "text": "text",
    "sms": "text",
    "mail": "letter",
}
_OUTCOMES: dict[str, Outcome] = {
    "not-home": "not_home",
    "no-answer": "no_answer",
    "busy": "busy",
    "disconnected": "disconnected",
    "refused": "refused",
    "moved": "moved",
    "deceased": "deceased",
    "wrong-number": "wrong_number",
    "left-message": "left_message",
    "language-barrier": "language_barrier",
    "inaccessible": "inaccessible",
    "do-not-contact": "do_not_contact",
}
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "element: not an action of Action Network's that has a type here")
_NO_METHOD = Refusal(Reason.UNSUPPORTED_TYPE, "osdi:canvass.contact_type: not a way of contact that is known")


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The actions of one POST."""
    return read_elements(body, feed, _one)


def _one(element: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    kind, action = next(((name, value) for name, value in element.items() if name in _KNOWN), ("", None))
    if kind in _LEFT_OUT:
        return [SkippedElement(_LEFT_OUT[kind])]
    if not isinstance(action, dict):
        return [_UNKNOWN]
    return [*_told(action, kind), *_closed(action, kind)]


def _told(action: dict[str, JSON], kind: str) -> Iterable[DraftResult]:
    if kind in _FORMS:
        return [_form(action, kind)]
    if kind == "osdi:donation":
        return _donation(action)
    return [_attendance(action) if kind == "osdi:attendance" else _canvass(action)]


def _closed(action: dict[str, JSON], kind: str) -> Iterable[Draft]:
    """The channels that the person's record says are closed at the time of the action."""
    for type_, said in osdi.closed(object_at(action, "person")):
        act = (*_act(action, kind), type_, said.get("channel"))
        yield Draft(type_, _when(action), act, said | {"contact": _contact(action)})


_KNOWN = frozenset({*_FORMS, *_LEFT_OUT, "osdi:donation", "osdi:attendance", "osdi:canvass"})


def _when(action: dict[str, JSON]) -> int | Refusal:
    return parse_moment(action.get("action_date") or action.get("created_date"), "created_date")


def _act(action: dict[str, JSON], kind: str) -> tuple[JSON, ...]:
    own = _own_id(action)
    if own:
        return (SYSTEM, kind, own)
    who = _contact(action)
    links = object_at(action, "_links").keys() - {"osdi:person", "osdi:target"}
    where = osdi.linked(action, *sorted(name for name in links if name.startswith("osdi:")))
    told = (text_of(action.get("created_date")), (text_of(who.get("email")) or "").lower(), who.get("phone"))
    return (SYSTEM, kind, *told, where, text_of(action.get("amount")))


def _own_id(action: dict[str, JSON]) -> str | None:
    named = dict(osdi.identifiers(action.get("identifiers")))
    return named.get(_OWN) or osdi.linked(action, "self")


def _contact(action: dict[str, JSON]) -> dict[str, JSON]:
    id_ = osdi.linked(action, "osdi:person", "osdi:target") or text_of(action.get("action_network:person_id"))
    return osdi.person(object_at(action, "person"), SYSTEM, id_)


def _form(action: dict[str, JSON], kind: str) -> Draft:
    form, links = _FORMS[kind]
    data: dict[str, JSON] = {"contact": _contact(action), "kind": form}
    data |= present(form_id=osdi.linked(action, *links))
    return Draft("form.submitted", _when(action), _act(action, kind), data)


def _donation(action: dict[str, JSON]) -> Iterable[Draft]:
    currency = (text_of(action.get("currency")) or "USD").upper()
    gift = _gift(action)
    money: dict[str, JSON] = {"contact": _contact(action), "currency": currency}
    money |= present(donation_id=gift, amount=_amount(action, currency))
    made = money | present(period=_period(action), refcode=_refcode(action))
    act = _act(action, "osdi:donation")
    yield Draft("donation.made", _when(action), act, made)
    if action.get("voided") is True:
        time = parse_moment(action.get("voided_date"), "voided_date")
        yield Draft("donation.refunded", time, (*act, "voided"), money | present(refund_id=gift, kind="void"))


def _period(action: dict[str, JSON]) -> str | None:
    """The period of a recurring gift; one in another language than English is unknown."""
    recurrence = object_at(action, "action_network:recurrence")
    if recurrence.get("recurring") is not True:
        return "once"
    return _PERIODS.get((text_of(recurrence.get("period")) or "").lower())


def _refcode(action: dict[str, JSON]) -> str | None:
    for name in ("action_network:referrer_data", "referrer_data"):
        if (source := text_of(object_at(action, name).get("source"))) and source != "none":
            return source
    return None


def _gift(action: dict[str, JSON]) -> str | None:
    named = dict(osdi.identifiers(action.get("identifiers")))
    if "act_blue" in named or "actblue" in named:
        return f"actblue:{named.get('act_blue') or named.get('actblue')}"
    own = _own_id(action)
    return f"{SYSTEM}:{own}" if own else None


def _amount(action: dict[str, JSON], currency: str) -> JSON:
    """The amount in minor units: of the donation, else the sum over its recipients."""
    said = action.get("amount")
    if said is None:
        shares = [minor_units(one.get("amount"), currency) for one in objects_in(action.get("recipients"))]
        known = [share for share in shares if share is not None]
        return sum(known) if known and len(known) == len(shares) else None
    units = minor_units(said, currency)
    return said if units is None else units


def _attendance(action: dict[str, JSON]) -> DraftResult:
    status = (text_of(action.get("status")) or "").lower()
    if status == "needs action":
        return SkippedElement("not_answered")
    declined = status in ("declined", "cancelled", "canceled")
    time = parse_moment(action.get("modified_date"), "modified_date") if declined else _when(action)
    data: dict[str, JSON] = {"contact": _contact(action)}
    data |= present(event_id=osdi.linked(action, "osdi:event"))
    type_ = "rsvp.cancelled" if declined else "rsvp.made"
    if isinstance(time, Refusal):
        time = _when(action)
    return Draft(type_, time, (*_act(action, "osdi:attendance"), declined), data)


def _canvass(action: dict[str, JSON]) -> DraftResult:
    kind = (text_of(action.get("contact_type")) or "").lower()
    method = next((method for name, method in _METHODS.items() if name in kind), None)
    if method is None:
        return _NO_METHOD
    code = (text_of(action.get("status_code")) or "").lower().replace("_", "-")
    reached: Outcome = "contacted" if action.get("success") is not False and not code else "other"
    data: dict[str, JSON] = {
        "contact": _contact(action),
        "method": method,
        "outcome": _OUTCOMES.get(code, reached),
    }
    data |= present(canvasser_id=osdi.linked(action, "osdi:canvasser"), report_id=_own_id(action))
    return Draft("canvass.reported", _when(action), _act(action, "osdi:canvass"), data)
