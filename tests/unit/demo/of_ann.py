"""What is said of one person in February 2012, in a line each, and what the oracle makes of it."""

from itertools import count

from streams.demo.oracle import recount
from streams.demo.recount import Profile
from streams.demo.truth import ContactFields, Fields, Sent

ANN: ContactFields = {"external": {"fec": "ann"}}
BOB: ContactFields = {"external": {"fec": "bob"}}
_ids = count(1)


def sent(type_: str, time: str, fields: Fields | None = None, **envelope: str) -> Sent:
    """`time`: day and hour of February 2012, such as `22T10`."""
    id_ = envelope.get("id") or f"id-{next(_ids):04d}"
    return Sent("topic", type_, envelope.get("source", "app"), id_, f"2012-02-{time}:00:00Z", ANN, fields or {})


def at(time: str) -> str:
    return f"2012-02-{time}:00:00.000Z"


def of_ann(*these: Sent) -> Profile:
    profiles = recount(these, lambda contact: contact["external"]["fec"])
    assert list(profiles) == ["ann"]
    return profiles["ann"]


def part(name: str, *these: Sent) -> Profile:
    found = of_ann(*these)[name]
    assert isinstance(found, dict)
    return found


def gift(time: str, gift_id: str, amount: int, extra: Fields | None = None, **envelope: str) -> Sent:
    fields: Fields = {"donation_id": f"p:{gift_id}", "amount": amount, "currency": "USD"}
    return sent("donation.made", time, {**fields, **(extra or {})}, **envelope)


def refund(time: str, refund_id: str, amount: int, extra: Fields | None = None) -> Sent:
    fields: Fields = {"refund_id": refund_id, "amount": amount, "currency": "USD"}
    return sent("donation.refunded", time, {**fields, **(extra or {})})


def report(time: str, extra: Fields | None = None, **envelope: str) -> Sent:
    fields: Fields = {"method": "door", "outcome": "contacted"}
    return sent("canvass.reported", time, {**fields, **(extra or {})}, **envelope)


def retract(id_: str, source: str = "app") -> Sent:
    return sent("interaction.retracted", "23T10", {"retracts": {"source": source, "id": id_}})
