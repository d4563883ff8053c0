"""Twilio's webhooks: the status of a text, and answers, as form fields or as JSON from a file.

A status has no time of its own and gets the time of receipt; the act is the message and its status, so a retry is the
same. The text of an answer is not kept, only a keyword that Twilio acts on. "Stop texting me" is a STOP too, whether or
not Twilio takes it for one, since nobody could look it up later; but a mere YES answers some question, and opens
nothing unless Twilio says so. A STOP is to the messaging service, where there is one, since Twilio closes all of its
numbers, else to the number.
"""

import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

import orjson

from events.adapters import custom_fields
from events.adapters.drafts import Draft, DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, RefusedElement, SkippedElement
from events.adapters.values import parse_moment, present, text_of
from events.json_types import JSON
from events.refusal import Reason, Refusal

_STATUSES = {
    "sent": "text.sent",
    "delivered": "text.delivered",
    "read": "text.delivered",
    "undelivered": "text.failed",
    "failed": "text.failed",
}
_NOT_YET = frozenset({"accepted", "scheduled", "queued", "sending", "canceled"})
_STOP = frozenset("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split())
_STOP_AT_FIRST = frozenset("STOP STOPALL UNSUBSCRIBE REVOKE OPTOUT".split())
_START = frozenset("START UNSTOP".split())
_letters = re.compile(r"[^A-Z ]+")
_HELP = frozenset("HELP INFO".split())
_MAX_FIELDS = 200
_NOT_FIELDS = Refusal(Reason.INVALID_DATA, "body: send form fields in UTF-8, or JSON")
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "MessageStatus: not a status of Twilio's that has a type here")


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The message of one POST, or each of a JSON array."""
    if body.lstrip()[:1] in (b"{", b"["):
        return read_elements(body, feed, _one)
    fields = _fields(body)
    if fields is None:
        return [RefusedElement(body, _NOT_FIELDS)]
    results = read_elements(orjson.dumps(fields), feed, _one)
    return [RefusedElement(body, one.refusal) if isinstance(one, RefusedElement) else one for one in results]


def _fields(body: bytes) -> dict[str, str] | None:
    try:
        pairs = parse_qsl(body.decode("utf-8"), strict_parsing=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError:
        return None
    return dict(pairs)


def _one(message: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    status = (text_of(message.get("MessageStatus")) or text_of(message.get("SmsStatus")) or "").lower()
    if status in ("received", "receiving") or (not status and "Body" in message):
        yield _answer(message, feed)
    elif status in _NOT_YET:
        yield SkippedElement("not_sent")
    elif type_ := _STATUSES.get(status):
        yield _became(message, status, type_, feed)
    else:
        yield _UNKNOWN


def _became(message: dict[str, JSON], status: str, type_: str, feed: Feed) -> Draft:
    data = custom_fields.message(message)
    data.pop("list_id", None)
    data["contact"] = custom_fields.person(message, phone=_number(message.get("To")))
    data |= present(message_id=_sid(message), sender=_sender(message, "From"))
    return Draft(type_, _when(message, feed), ("twilio", _sid(message), status), data)


def _answer(message: dict[str, JSON], feed: Feed) -> Draft:
    text = (text_of(message.get("OptOutType")) or _keyword(message.get("Body"))).upper()
    data = custom_fields.about(message) | {"contact": custom_fields.person(message, phone=_number(message.get("From")))}
    data |= present(sender=_sender(message, "To"))
    act: tuple[JSON, ...] = ("twilio", _sid(message), "answer")
    if _sid(message) is None:
        act = (
            *act,
            text_of(message.get("From")),
            text_of(message.get("To")),
            _said_at(message),
            text_of(message.get("Body")),
        )
    if text in _START:
        granted = data | {"channel": "text", "granted": True, "basis": text}
        return Draft("consent.changed", _when(message, feed), act, granted)
    type_ = "text.opted_out" if text in _STOP else "text.replied"
    said = present(keyword=text if text in _STOP | _HELP else None)
    return Draft(type_, _when(message, feed), act, data | said)


def _keyword(body: JSON) -> str:
    """The keyword that Twilio acts on, or with which a longer answer asks to stop; else empty."""
    said = " ".join(_letters.sub(" ", (text_of(body) or "").upper().replace("-", "")).split()).replace(
        "OPT OUT", "OPTOUT"
    )
    first = said.partition(" ")[0]
    if said in _STOP | _START | _HELP:
        return said
    return first if first in _STOP_AT_FIRST else ""


def _said_at(message: dict[str, JSON]) -> str | None:
    return text_of(message.get("DateSent")) or text_of(message.get("Timestamp"))


def _sid(message: dict[str, JSON]) -> str | None:
    return text_of(message.get("MessageSid")) or text_of(message.get("SmsSid")) or text_of(message.get("SmsMessageSid"))


def _number(value: JSON) -> str | None:
    """A phone number without the channel that Twilio puts before it (`whatsapp:`, `rcs:`)."""
    found = text_of(value)
    return found.rpartition(":")[2] if found else None


def _sender(message: dict[str, JSON], number: str) -> str | None:
    return text_of(message.get("MessagingServiceSid")) or text_of(message.get(number))


def _when(message: dict[str, JSON], feed: Feed) -> int | Refusal:
    """The time in an export (RFC 2822 or ISO 8601), else the time of receipt."""
    said = message.get("DateSent") or message.get("Timestamp")
    if said is None:
        return feed.received_at
    try:
        return int(parsedate_to_datetime(said).timestamp()) * 1_000 if isinstance(said, str) else feed.received_at
    except (ValueError, OverflowError, TypeError):
        return parse_moment(said, "DateSent", feed.time_zone)
