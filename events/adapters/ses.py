"""Amazon SES by way of SNS: an envelope whose `Message` is the event as JSON in a string.

`MessageId` of SNS is new for each subscription, so an act is SES's message, the recipient, the event and its time. An
open or a click names nobody: with one destination it is that one's, with several it is skipped, since a guess could be
somebody else's act. A complaint may list everyone at a domain; it counts for each, as it only ever closes.
"""

from collections.abc import Iterable

import orjson

from events.adapters import custom_fields
from events.adapters.drafts import Draft, DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, SkippedElement
from events.adapters.values import object_at, objects_in, parse_moment, present, server_reason, text_of
from events.fields import MAX_TEXT
from events.json_types import JSON
from events.refusal import Reason, Refusal

_SNS_TYPES = frozenset({"SubscriptionConfirmation", "UnsubscribeConfirmation"})
_OF_AN_ENVELOPE = frozenset({"Type", "Message"})
_EVENTS = {
    "Send": ("mail", "email.sent"),
    "Delivery": ("delivery", "email.delivered"),
    "Open": ("open", "email.opened"),
    "Click": ("click", "email.clicked"),
    "Bounce": ("bounce", "email.bounced"),
    "Complaint": ("complaint", "email.complained"),
    "Reject": ("mail", "email.dropped"),
    "Rendering Failure": ("mail", "email.dropped"),
    "DeliveryDelay": ("deliveryDelay", "email.deferred"),
    "Subscription": ("subscription", "email.unsubscribed"),
}
"""For each event the name of the object that holds its time and details, and the type."""
_RECIPIENTS = {
    "Bounce": "bouncedRecipients",
    "Complaint": "complainedRecipients",
    "DeliveryDelay": "delayedRecipients",
}
_NO_PERSON = frozenset({"Open", "Click"})
_UNKNOWN = Refusal(Reason.UNSUPPORTED_TYPE, "eventType: not an event of SES's that has a type here")
_NO_MESSAGE = Refusal(Reason.NOT_JSON, "Message: must be a JSON object in a string")
_NOT_SPAM = "not-spam"


def read(body: bytes, feed: Feed) -> list[AdapterResult]:
    """The event of one POST of SNS, raw delivery or not, for each of its recipients."""
    return read_elements(body, feed, _one)


def _one(envelope: dict[str, JSON], feed: Feed) -> Iterable[DraftResult]:
    if text_of(envelope.get("Type")) in _SNS_TYPES:
        yield SkippedElement("subscription_of_sns")
        return
    event = _message(envelope)
    if event is None:
        yield _NO_MESSAGE
        return
    name = text_of(event.get("eventType")) or text_of(event.get("notificationType")) or ""
    if name not in _EVENTS:
        yield _UNKNOWN
        return
    if object_at(event, "complaint").get("complaintFeedbackType") == _NOT_SPAM:
        yield SkippedElement("not_spam")
        return
    yield from _of_each(event, name)


def _message(envelope: dict[str, JSON]) -> dict[str, JSON] | None:
    """The event within the envelope, or the body itself with raw delivery; other messages of SNS are no events."""
    if "mail" in envelope and not _OF_AN_ENVELOPE & envelope.keys():
        return envelope
    text = envelope.get("Message")
    try:
        found = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _of_each(event: dict[str, JSON], name: str) -> Iterable[DraftResult]:
    place, type_ = _EVENTS[name]
    addresses = _addresses(event, name)
    if name in _NO_PERSON and len(addresses) > 1:
        yield SkippedElement("one_of_several_recipients")
        return
    if name == "Subscription":
        yield from _subscription(event, addresses)
        return
    time = parse_moment(object_at(event, place).get("timestamp"), f"{place}.timestamp")
    for address in addresses or [None]:
        yield Draft(type_, time, _act(event, name, address), _data(event, name, type_, address))


def _addresses(event: dict[str, JSON], name: str) -> list[JSON]:
    """The recipients that the event is about."""
    if field := _RECIPIENTS.get(name):
        return [found.get("emailAddress") for found in objects_in(object_at(event, _EVENTS[name][0]).get(field))]
    listed = (
        object_at(event, "delivery").get("recipients")
        if name == "Delivery"
        else object_at(event, "mail").get("destination")
    )
    return list(dict.fromkeys(one for one in listed if isinstance(one, str))) if isinstance(listed, list) else []


def _act(event: dict[str, JSON], name: str, address: JSON, *more: JSON) -> tuple[JSON, ...]:
    facts = object_at(event, _EVENTS[name][0])
    who = (text_of(address) or "").lower()
    return ("ses", name, _message_id(event), who, text_of(facts.get("timestamp")), text_of(facts.get("link")), *more)


def _message_id(event: dict[str, JSON]) -> str | None:
    return text_of(object_at(event, "mail").get("messageId"))


def _tags(event: dict[str, JSON]) -> dict[str, JSON]:
    """The first value of each tag; SES keeps a list for each name."""
    tags = object_at(event, "mail", "tags")
    return {name: values[0] for name, values in tags.items() if isinstance(values, list) and values}


def _data(event: dict[str, JSON], name: str, type_: str, address: JSON) -> dict[str, JSON]:
    tags, facts = _tags(event), object_at(event, _EVENTS[name][0])
    data = custom_fields.about(tags) if type_ == "email.complained" else custom_fields.message(tags)
    data |= {"contact": custom_fields.person(tags, email=address)} | present(message_id=_message_id(event))
    if name in _NO_PERSON:
        data |= present(user_agent=(text_of(facts.get("userAgent")) or "")[:MAX_TEXT], url=text_of(facts.get("link")))
    if name == "Bounce":
        data["kind"] = "hard" if facts.get("bounceType") == "Permanent" else "soft"
    return data | present(reason=server_reason(_why(event, name)))


def _why(event: dict[str, JSON], name: str) -> str | None:
    if name == "Bounce":
        return text_of(object_at(event, "bounce").get("bounceSubType"))
    if name == "Reject":
        return text_of(object_at(event, "reject").get("reason"))
    if name == "Rendering Failure":
        return text_of(object_at(event, "failure").get("errorMessage"))
    return text_of(object_at(event, "deliveryDelay").get("delayType"))


def _subscription(event: dict[str, JSON], addresses: list[JSON]) -> Iterable[DraftResult]:
    """The change of consent for all topics, or for each that is named; a topic is a list of the contract.

    The new preferences hold every topic, so one that was open before says nothing: only a closed one is opened.
    """
    facts = object_at(event, "subscription")
    wishes = object_at(facts, "newTopicPreferences")
    closed = _closed(object_at(facts, "oldTopicPreferences"))
    time = parse_moment(facts.get("timestamp"), "subscription.timestamp")
    topics: list[tuple[str | None, bool]] = [
        (text_of(one.get("topicName")), one.get("subscriptionStatus") == "OptIn")
        for one in objects_in(wishes.get("topicSubscriptionStatus"))
        if (name := text_of(one.get("topicName"))) and (one.get("subscriptionStatus") != "OptIn" or name in closed)
    ]
    if wishes.get("unsubscribeAll") is True:
        topics = [(None, False)]
    if not topics:
        yield SkippedElement("nothing_changed")
    for address in addresses or [None]:
        for topic, granted in topics:
            yield Draft(
                "consent.changed" if granted else "email.unsubscribed",
                time,
                _act(event, "Subscription", address, topic, granted),
                _wish(event, address, topic, granted),
            )


def _closed(before: dict[str, JSON]) -> frozenset[str]:
    topics = objects_in(before.get("topicSubscriptionStatus"))
    all_of_them = before.get("unsubscribeAll") is True
    named = (
        text_of(one.get("topicName")) for one in topics if all_of_them or one.get("subscriptionStatus") == "OptOut"
    )
    return frozenset(name for name in named if name)


def _wish(event: dict[str, JSON], address: JSON, topic: str | None, granted: bool) -> dict[str, JSON]:
    tags = _tags(event)
    data = custom_fields.about(tags) | {"contact": custom_fields.person(tags, email=address)} | present(list_id=topic)
    if granted:
        return data | {"channel": "email", "granted": True}
    return data | present(message_id=_message_id(event))
