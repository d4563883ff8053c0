"""What a producer would send, with everything right, for tests to spoil one thing at a time."""

from typing import Any

import orjson

from events.envelope import Interaction, Record, decode
from events.interactions.base import InteractionData
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.registry import MODELS, TOPICS_OF

NOW = 1_329_904_800_000
"""2012-02-22T10:00:00Z, when the broker appends."""

_EXAMPLES: dict[str, JSON] = {"string": "x1", "integer": 1, "number": 1.5, "boolean": True}


def example_of(model: type[InteractionData]) -> dict[str, JSON]:
    """A value for each plain field that a type requires besides `contact`, by its JSON Schema."""
    schema = model.model_json_schema()
    return {name: _value_of(schema["properties"][name]) for name in schema["required"] if name != "contact"}


def _value_of(field: dict[str, Any]) -> JSON:
    first: JSON = [*field.get("enum", ()), _EXAMPLES[field["type"]]][0]
    return first


_CHOSEN: dict[str, dict[str, JSON]] = {
    "email.sent": {"message_id": "m1"},
    "email.delivered": {"message_id": "m1"},
    "email.opened": {"message_id": "m1"},
    "email.clicked": {"message_id": "m1"},
    "email.bounced": {"message_id": "m1", "kind": "hard"},
    "email.deferred": {"message_id": "m1"},
    "email.dropped": {"message_id": "m1"},
    "email.unsubscribed": {},
    "email.complained": {},
    "donation.made": {"donation_id": "fec:1", "amount": 5000, "currency": "USD"},
    "donation.refunded": {"refund_id": "r1", "amount": 5000, "currency": "USD"},
    "donation.charge_failed": {"pledge_id": "p1"},
    "donation.pledge_cancelled": {"pledge_id": "p1"},
    "canvass.reported": {"method": "door", "outcome": "contacted"},
    "ballot.reported": {"election": "2012-general", "status": "voted"},
    "text.sent": {"message_id": "m1"},
    "text.delivered": {"message_id": "m1"},
    "text.failed": {"message_id": "m1"},
    "text.replied": {},
    "text.opted_out": {},
    "rsvp.made": {"event_id": "e1"},
    "rsvp.cancelled": {"event_id": "e1"},
    "rsvp.attended": {"event_id": "e1"},
    "rsvp.no_show": {"event_id": "e1"},
    "form.submitted": {"form_id": "f1"},
    "experiment.assigned": {"experiment": {"id": "x12", "variant": "B"}},
    "consent.changed": {"channel": "email", "granted": True},
    "provenance.reported": {"provenance": {"kind": "voter_list"}},
    "interaction.retracted": {"retracts": {"source": "digital/mailer", "id": "1"}},
    "contact.linked": {"contact_ids": ["a", "b"]},
    "contact.unlinked": {"contact_ids": ["a", "b"]},
    "contact.suppressed": {},
    "contact.provenance_forgotten": {"kind": "rented"},
    "contact.purpose_forgotten": {"purpose": "petition-water"},
    "contact.erased": {},
    "contact.erased_if_inactive": {"inactive_since": "2009-02-22T10:00:00Z"},
}
REQUIRED = {name: example_of(model) for name, model in MODELS.items() if name not in _CHOSEN} | _CHOSEN
"""The fields of each type that the contract marks with r; of a type that tests choose no values for, any value."""


def event(type_: str = "email.opened", **data: JSON) -> dict[str, JSON]:
    """A valid event of this type; `data` replaces or adds fields."""
    contact: dict[str, JSON] = {"contact_id": "c1"}
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "digital/mailer",
        "type": type_,
        "time": "2012-02-22T10:00:00Z",
        "data": {"contact": contact, **REQUIRED[type_], **data},
    }


def with_field(name: str, value: JSON) -> dict[str, JSON]:
    """A valid event with a field of any name in its data."""
    return event() | {"data": {"contact": {"contact_id": "c1"}, "message_id": "m1", name: value}}


def record(content: JSON | bytes, topic: str | None = None) -> Record:
    """A record of a topic that takes the event's type."""
    if topic is None:
        type_ = content.get("type") if isinstance(content, dict) else None
        topic = min(TOPICS_OF.get(str(type_), {"email-events"}))
    return Record(topic, content if isinstance(content, bytes) else orjson.dumps(content), (), NOW)


def accepted(content: JSON | bytes) -> Interaction:
    """The interaction in an event that must be taken."""
    result = decode(record(content))
    assert isinstance(result, Interaction), result
    return result


def refused(content: JSON | bytes) -> Refusal:
    """The refusal of an event that must not be taken."""
    result = decode(record(content))
    assert isinstance(result, Refusal), result
    return result


def reason(content: JSON | bytes) -> Reason:
    """Why an event is refused."""
    return refused(content).reason
