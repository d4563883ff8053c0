"""Postmark's webhooks: one object a POST, its kind in `RecordType`.

Only a bounce has an id of Postmark's, so an act is the record's type, the message, the recipient, the time and, of a
click, the link. Postmark writes seven digits of a second; times are cut to milliseconds before they are compared. A
change of subscription closes one stream, whoever made it. It opens one only where the person did: a campaign that
reactivates an address has nobody's consent. A suppression after a bounce is reported as a bounce.
"""

from collections.abc import Iterable

from events.adapters import custom_fields
from events.adapters.drafts import Draft, DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, SkippedElement
from events.adapters.values import object_at, parse_moment, present, server_reason, text_of
from events.fields import MAX_TEXT
from events.json_types import JSON
from events.refusal import Reason, Refusal

_TIMES = {
    "Open": "ReceivedAt",
    "Click": "ReceivedAt",
    "Delivery": "DeliveredAt",
    "Bounce": "BouncedAt",
    "SpamComplaint": "BouncedAt",
    "SubscriptionChange": "ChangedAt",
}
_TYPES = {
    "Open": "email.opened",
    "Click": "email.clicked",
    "Delivery": "email.delivered",
    "SpamComplaint": "email.complained",
}
_HARD = frozenset({"HardBounce", "BadEmailAddress", "ManuallyDeactivated", "Blocked"})
_BOUNCES = {
    "SpamNotification": "email.complained",
    "SpamComplaint": "email.complained",
    "Unsubscribe": "email.unsubscribed",
}
"""Types of a `Bounce` record that are no bounce. Of the others those in `_HARD` are permanent."""
_LEFT_OUT = frozenset({"Subscribe", "AutoResponder", "AddressChange", "ChallengeVerification", "OpenRelayTest"})
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "RecordType: not a record of Postmark's that has a type here")


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The record of one POST."""
    return read_elements(body, feed, _one)


def _one(record: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    kind = text_of(record.get("RecordType")) or ""
    named = _TIMES.get(kind)
    if named is None:
        yield _UNKNOWN
        return
    type_ = _type_of(record, kind)
    if isinstance(type_, SkippedElement):
        yield type_
        return
    time = parse_moment(record.get(named), named)
    yield Draft(type_, time, _act(record, kind, time), _data(record, type_))


def _type_of(record: dict[str, JSON], kind: str) -> str | SkippedElement:
    detail = text_of(record.get("Type")) or ""
    if kind == "SubscriptionChange":
        return _change(record)
    if kind == "Bounce":
        if detail in _LEFT_OUT:
            return SkippedElement("no_bounce")
        return _BOUNCES.get(detail, "email.bounced")
    return _TYPES[kind]


def _change(record: dict[str, JSON]) -> str | SkippedElement:
    if record.get("SuppressSending") is False:
        if text_of(record.get("Origin")) != "Recipient":
            return SkippedElement("opened_by_campaign")
        return "consent.changed" if text_of(record.get("MessageStream")) else SkippedElement("opens_no_stream")
    return (
        SkippedElement("bounced") if text_of(record.get("SuppressionReason")) == "HardBounce" else "email.unsubscribed"
    )


def _address(record: dict[str, JSON]) -> JSON:
    return record.get("Recipient") or record.get("Email")


def _act(record: dict[str, JSON], kind: str, time: int | Refusal) -> tuple[JSON, ...]:
    return (
        "postmark",
        kind,
        text_of(record.get("Type")),
        text_of(record.get("MessageID")),
        (text_of(_address(record)) or "").lower(),
        None if isinstance(time, Refusal) else time,
        text_of(record.get("OriginalLink")),
        record.get("SuppressSending") is False,
    )


def _data(record: dict[str, JSON], type_: str) -> dict[str, JSON]:
    metadata = object_at(record, "Metadata")
    wish = type_ in ("email.unsubscribed", "email.complained", "consent.changed")
    data = custom_fields.about(metadata) if wish else custom_fields.message(metadata)
    data["contact"] = custom_fields.person(metadata, email=_address(record))
    stream = text_of(record.get("MessageStream"))
    if type_ == "consent.changed":
        return data | {"channel": "email", "granted": True} | present(list_id=stream)
    data |= present(message_id=text_of(record.get("MessageID")))
    if type_ == "email.unsubscribed":
        data |= present(list_id=stream)
    if type_ in ("email.opened", "email.clicked"):
        data |= present(user_agent=(text_of(record.get("UserAgent")) or "")[:MAX_TEXT])
    if type_ == "email.clicked":
        data |= present(url=text_of(record.get("OriginalLink")))
    if type_ == "email.bounced":
        kind = "hard" if text_of(record.get("Type")) in _HARD else "soft"
        data |= {"kind": kind} | present(reason=server_reason(record.get("Description")))
    return data
