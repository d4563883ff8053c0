"""What is said of one person in the cases of the oracle, and the profile that it makes of it."""

from collections.abc import Iterable
from itertools import count

from streams.demo.oracle import profile_of
from streams.demo.recount import Profile
from streams.demo.truth import ContactFields, Fields, Sent

_ids = count(1)


def said(
    type_: str, time: str, fields: Fields | None = None, contact: ContactFields | None = None, **envelope: str
) -> Sent:
    """`time`: such as `02-22T10:00`, of 2012 and in UTC. Without an id of its own it gets the next one."""
    id_ = envelope.get("id") or f"id-{next(_ids):04d}"
    who: ContactFields = {"external": {"fec": "ann"}, **(contact or {})}
    return Sent("topic", type_, envelope.get("source", "app/one"), id_, f"2012-{time}:00Z", who, fields or {})


def reported(
    time: str, method: str, outcome: str = "contacted", contact: ContactFields | None = None, **more: str
) -> Sent:
    """A canvass report; a `report_id` if one is given, else what `said` takes."""
    fields: Fields = {"method": method, "outcome": outcome}
    if "report_id" in more:
        fields["report_id"] = more.pop("report_id")
    return said("canvass.reported", time, fields, contact, **more)


def taken_back(*these: Sent) -> list[Sent]:
    """A retraction of each."""
    return [
        said("interaction.retracted", "06-01T10:00", {"retracts": {"source": one.source, "id": one.id}})
        for one in these
    ]


def profile(these: Iterable[Sent]) -> Profile:
    return profile_of("ann", list(these), _hashed)


def at(time: str) -> str:
    """As a profile shows the time."""
    return f"2012-{time}:00.000Z"


def _hashed(contact: ContactFields) -> str:
    """As if it were a keyed hash: the address as it is normalised, and 32 characters long."""
    kind = "email" if "email" in contact else "phone"
    return f"{kind}:{(contact.get('email') or contact['phone']).strip().lower():_<32}"
