"""Events as an outsider writes them, with nothing but the contract to go by."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from events.json_types import JSON
from tests.unit.events.records import REQUIRED

Event = dict[str, JSON]
Headers = list[tuple[str, bytes]]

FITTING = {
    "email-events": "email.opened",
    "donation-events": "donation.made",
    "canvass-events": "canvass.reported",
    "outreach-events": "form.submitted",
}
"""One type for each topic of interactions."""


def fresh() -> str:
    """An id that no other test uses."""
    return uuid4().hex


def somebody(contact_id: str) -> dict[str, JSON]:
    """A contact by all that names a person, none of it anybody else's; `contact_id` is a fresh one."""
    digits = phone_of(contact_id)
    return {
        "contact_id": contact_id,
        "email": f"{contact_id}@example.org",
        "phone": f"+1 212 {digits[:3]} {digits[3:]}",
    }


def phone_of(contact_id: str) -> str:
    """The last seven digits of their phone number."""
    return str(2_000_000 + int(contact_id, 16) % 7_000_000)


def afternoon() -> str:
    """The next 19:00 UTC, when e-mail is open in all of the United States: answers are the same at whatever hour."""
    now = datetime.now(UTC)
    today = now.replace(hour=19, minute=0, second=0, microsecond=0)
    return f"{today + timedelta(days=today <= now):%Y-%m-%dT%H:%M:%SZ}"


def event(type_: str, contact: dict[str, JSON] | None, **data: JSON) -> Event:
    """A valid event under a new id."""
    body: dict[str, JSON] = {**deepcopy(REQUIRED[type_]), **data}
    if contact is not None:
        body["contact"] = contact
    return {
        "specversion": "1.0",
        "id": fresh(),
        "source": "outsiders/tests",
        "type": type_,
        "time": "2012-02-22T10:00:00+01:00",
        "data": body,
    }


def structured(said: Event) -> tuple[bytes, Headers]:
    """Value and headers: the whole event is the value."""
    return json.dumps(said).encode(), [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def binary(said: Event) -> tuple[bytes, Headers]:
    """Value and headers: the attributes are headers, the value is `data`."""
    headers = [(f"ce_{name}", str(value).encode()) for name, value in said.items() if name != "data"]
    return json.dumps(said.get("data")).encode(), [*headers, ("content-type", b"application/json")]


MODES = {"structured": structured, "binary": binary}
