"""Twilio SendGrid's Event Webhook: an array of flat objects, one for each event of a message.

SendGrid delivers an event up to dozens of times, and its `sg_event_id` changes between them or is missing, so an act is
the message, the address, the event, its second and, of a click, the link. `sg_message_id` names the message up to its
first `.filter`; what follows belongs to the machine that sent it. A bounce that comes later may name no message at
all; it still closes the address, so it gets a message of its own.
"""

from collections.abc import Iterable

from events.adapters import custom_fields
from events.adapters.drafts import Draft, DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, SkippedElement
from events.adapters.values import object_at, present, seconds, server_reason, text_of
from events.fields import MAX_TEXT
from events.json_types import JSON
from events.refusal import Reason, Refusal

_TYPES = {
    "processed": "email.sent",
    "dropped": "email.dropped",
    "delivered": "email.delivered",
    "deferred": "email.deferred",
    "bounce": "email.bounced",
    "open": "email.opened",
    "click": "email.clicked",
    "spamreport": "email.complained",
    "spam report": "email.complained",
    "unsubscribe": "email.unsubscribed",
    "group_unsubscribe": "email.unsubscribed",
    "group_resubscribe": "consent.changed",
}
_WISHES = frozenset({"email.complained", "email.unsubscribed", "consent.changed"})
_ABOUT_NOBODY = "account_status_change"
_REASONS = {"email.dropped": "reason", "email.bounced": "reason", "email.deferred": "response"}
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "event: not an event of SendGrid's that has a type here")


_NO_GROUP = Refusal(Reason.INVALID_DATA, "asm_group_id: must name the group; without it nobody opens all of e-mail")


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The events of one POST, or of a line of an export."""
    return read_elements(body, feed, _one)


def _one(event: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    name = (text_of(event.get("event")) or "").lower()
    if name == _ABOUT_NOBODY:
        yield SkippedElement(_ABOUT_NOBODY)
        return
    type_ = _TYPES.get(name)
    if type_ is None:
        yield _UNKNOWN
        return
    if type_ == "consent.changed" and _group(event) is None:
        yield _NO_GROUP
        return
    time = seconds(event.get("timestamp"), "timestamp")
    yield Draft(type_, time, _act(event, name, time), _data(event, name, type_))


def attached(event: dict[str, JSON]) -> tuple[str | None, dict[str, JSON]]:
    """The type of an event, None for none, and its fields: SendGrid puts custom arguments among its own."""
    return _TYPES.get((text_of(event.get("event")) or "").lower()), event


def _act(event: dict[str, JSON], name: str, time: int | Refusal) -> tuple[JSON, ...]:
    link = (text_of(event.get("url")), object_at(event, "url_offset").get("index")) if name == "click" else ()
    kind = text_of(event.get("type")) if name == "bounce" else None
    address = (text_of(event.get("email")) or "").lower()
    named = "spamreport" if name == "spam report" else name
    at = None if isinstance(time, Refusal) else time
    return ("sendgrid", named, _message(event), address, at, _group(event), kind, *link)


def _message(event: dict[str, JSON]) -> str | None:
    """The id of the message; where SendGrid gives none (bounces that come later) the one of SMTP."""
    whole = text_of(event.get("sg_message_id"))
    return whole.partition(".filter")[0] if whole else text_of(event.get("smtp-id"))


def _group(event: dict[str, JSON]) -> str | None:
    return text_of(event.get("asm_group_id"))


def _data(event: dict[str, JSON], name: str, type_: str) -> dict[str, JSON]:
    if type_ in _WISHES:
        return _wish(event, name, type_)
    data = _about(event, custom_fields.message(event)) | present(message_id=_message(event), list_id=_group(event))
    if type_ in ("email.opened", "email.clicked"):
        data |= present(user_agent=(text_of(event.get("useragent")) or "")[:MAX_TEXT])
    if type_ == "email.opened" and isinstance(event.get("sg_machine_open"), bool):
        data["machine"] = event["sg_machine_open"]
    if type_ == "email.clicked":
        data |= present(url=text_of(event.get("url")))
    if type_ == "email.bounced":
        data.setdefault("message_id", f"unnamed:{text_of(event.get('timestamp'))}")
        data["kind"] = "soft" if event.get("type") == "blocked" else "hard"
    if type_ in _REASONS:
        data |= present(reason=server_reason(event.get(_REASONS[type_])))
    return data


def _wish(event: dict[str, JSON], name: str, type_: str) -> dict[str, JSON]:
    """The change of consent: for one list where a group is named, else for all e-mail."""
    data = _about(event, custom_fields.about(event)) | present(
        list_id=_group(event) if name.startswith("group") else None
    )
    if type_ == "consent.changed":
        return data | {"channel": "email", "granted": True}
    return data | present(message_id=_message(event))


def _about(event: dict[str, JSON], data: dict[str, JSON]) -> dict[str, JSON]:
    if campaign := text_of(event.get("marketing_campaign_id")):
        data.setdefault("campaign_id", campaign)
    return data | {"contact": custom_fields.person(event, email=event.get("email"))}
