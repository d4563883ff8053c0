"""Mailgun's webhooks: one event in `event-data`, beside a `signature` that the gateway looks at.

`event-data.id` stays the same in retries, but two accounts that report one message give it two ids, so the act is the
message, the recipient, the event, its time and, of a click, the link. `client-info.bot` says which opens were a
machine's; `gmail` there is Google's image proxy, through which people read too, so it says nothing. A rejected message
names its recipients only in its header `To`: none of them was sent anything. With several recipients the variables
identify nobody.
"""

from collections.abc import Iterable
from email.utils import getaddresses

from events.adapters import custom_fields
from events.adapters.drafts import Draft, DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, SkippedElement
from events.adapters.values import object_at, present, seconds, server_reason, text_of
from events.fields import MAX_TEXT
from events.json_types import JSON
from events.refusal import Reason, Refusal

_TYPES = {
    "accepted": "email.sent",
    "rejected": "email.dropped",
    "delivered": "email.delivered",
    "opened": "email.opened",
    "clicked": "email.clicked",
    "unsubscribed": "email.unsubscribed",
    "complained": "email.complained",
}
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "event-data.event: not an event of Mailgun's that has a type here")
_NO_DATA = Refusal(Reason.INVALID_DATA, "event-data: must be an object")
MOST_RECIPIENTS = 1_000
"""The most recipients of one message that Mailgun accepts."""
MOST_TO = 128 * MOST_RECIPIENTS
"""The most characters of the header that names them."""
_BAD_TO = Refusal(Reason.INVALID_DATA, "event-data.message.headers.to: cannot be read as addresses")
_BY_PEOPLE = frozenset({"", "gmail"})


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The event of one POST."""
    return read_elements(body, feed, _one)


def _one(element: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    event = object_at(element, "event-data")
    type_ = _type_of(event)
    if not event:
        yield _NO_DATA
    elif object_at(event, "flags").get("is-test-mode") is True:
        yield SkippedElement("test_mode")
    elif type_ is None:
        yield _UNKNOWN
    else:
        time = seconds(event.get("timestamp"), "event-data.timestamp")
        recipients = _recipients(event, type_)
        if isinstance(recipients, Refusal):
            yield recipients
            return
        variables = object_at(event, "user-variables")
        for recipient in recipients:
            contact = custom_fields.person(variables if len(recipients) == 1 else {}, email=recipient)
            yield Draft(type_, time, _act(event, type_, recipient), {"contact": contact, **_data(event, type_)})


def attached(element: dict[str, JSON]) -> tuple[str | None, dict[str, JSON]]:
    """The type of an element, None for none, and the variables that its sender attached to the message."""
    event = object_at(element, "event-data")
    return _type_of(event), object_at(event, "user-variables")


def _recipients(event: dict[str, JSON], type_: str) -> list[JSON] | Refusal:
    named = event.get("recipient")
    if named or type_ != "email.dropped":
        return [named]
    to = text_of(object_at(event, "message", "headers").get("to")) or ""
    if len(to) > MOST_TO:
        return _BAD_TO
    try:
        read = getaddresses([to])
    except RecursionError:
        return _BAD_TO
    return [address for _, address in read[:MOST_RECIPIENTS] if address] or [None]


def _type_of(event: dict[str, JSON]) -> str | None:
    """The type: a permanent failure is a bounce, or a drop where Mailgun suppressed it; a temporary one is a delay."""
    name = text_of(event.get("event"))
    if name == "failed":
        if (text_of(event.get("reason")) or "").startswith("suppress-"):
            return "email.dropped"
        return {"permanent": "email.bounced", "temporary": "email.deferred"}.get(text_of(event.get("severity")) or "")
    return _TYPES.get(name or "")


def _act(event: dict[str, JSON], type_: str, recipient: JSON) -> tuple[JSON, ...]:
    return (
        "mailgun",
        type_,
        _message(event),
        (text_of(recipient) or "").lower(),
        event.get("timestamp"),
        text_of(event.get("url")),
    )


def _message(event: dict[str, JSON]) -> str | None:
    """The Message-Id without its brackets, which only some events have."""
    found = text_of(object_at(event, "message", "headers").get("message-id"))
    return found.strip("<>") if found else None


def _data(event: dict[str, JSON], type_: str) -> dict[str, JSON]:
    variables = object_at(event, "user-variables")
    wish = type_ in ("email.unsubscribed", "email.complained")
    data = custom_fields.about(variables) if wish else custom_fields.message(variables)
    data |= present(message_id=_message(event))
    client = object_at(event, "client-info")
    if type_ in ("email.opened", "email.clicked"):
        data |= present(user_agent=(text_of(client.get("user-agent")) or "")[:MAX_TEXT]) | _machine(client)
    if type_ == "email.clicked":
        data |= present(url=text_of(event.get("url")))
    if type_ == "email.bounced":
        data["kind"] = "hard"
    if type_ in ("email.bounced", "email.deferred", "email.dropped"):
        data |= present(reason=_why(event))
    return data


def _machine(client: dict[str, JSON]) -> dict[str, JSON]:
    """The field `machine`, from the name of a bot, or from a boolean; without the field nothing is known."""
    bot = client.get("bot")
    if isinstance(bot, bool):
        return {"machine": bot}
    return {"machine": True} if isinstance(bot, str) and bot.strip().lower() not in _BY_PEOPLE else {}


def _why(event: dict[str, JSON]) -> str:
    status = object_at(event, "delivery-status")
    found = (
        text_of(object_at(event, "reject").get("reason"))
        or text_of(status.get("description"))
        or text_of(status.get("message"))
        or text_of(event.get("reason"))
    )
    return server_reason(found)
