"""Where what is known of a person comes from, against a plain loop over what was said, however it came."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from events.contact import HashedContact
from streams.demo.recount import CountedEvent, one_version_each
from streams.demo.recount_provenance import provenance
from streams.domain.contact import ContactState, decode, encode, fold, merge, profile
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact
from tests.property.domain.contact.strategies import Feed, feeds, key, parts
from tests.unit.domain.contact.said import Arrival

ME = "email:" + "1" * 32
NAMES: tuple[dict[str, str], ...] = ({}, {"phone": "phone:" + "2" * 32}, {"phone": "phone:" + "3" * 32})
"""Whom interactions name beside the address under which they all came."""


def named(arrival: Arrival) -> dict[str, str]:
    """The hashed contact of an arrival: copies have the same."""
    return {"email": ME, **NAMES[int(arrival.interaction.id) % len(NAMES)]}


def heard(arrival: Arrival) -> Fact:
    said = arrival.interaction
    data = said.data.model_copy(update={"contact": HashedContact.model_validate(named(arrival))})
    return fact_of((said.id, said.source, said.type, None), said.time, data, arrival.appended_at)


def counting(life: Sequence[Arrival]) -> list[CountedEvent]:
    """What nobody takes back, in order, of each gift and report the first version."""
    gone: set[Any] = set()
    for each in life:
        if each.interaction.type == "interaction.retracted":
            retracts: Any = each.interaction.data.plain()["retracts"]
            gone.add((retracts["source"], retracts["id"]))
    found = []
    for each in life:
        said = each.interaction
        if said.type != "interaction.retracted" and key(each) not in gone:
            at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=said.time)
            told, contact = said.data.plain(), named(each)
            found.append(CountedEvent(at, said.source, said.id, said.type, contact, told))  # type: ignore[arg-type]
    return one_version_each(sorted(found, key=lambda one: (one.at, one.source, one.id)))


def folded(arrivals: Sequence[Arrival]) -> ContactState:
    return decode(encode(fold(ContactState(), [heard(each) for each in arrivals])[0]))


@given(feeds(), st.data())
def test_in_any_order_with_copies_and_in_parts_the_provenance_is_what_was_said_of_it(
    feed: Feed, data: st.DataObject
) -> None:
    states = [folded(part) for part in data.draw(parts(feed.delivered))]
    known = profile(ME, reduce(merge, states, ContactState()))
    told = provenance(counting(feed.life), lambda contact: next(iter(contact.values())))  # type: ignore[arg-type,return-value]
    event(f"entries: {len(known.get('provenance', ()))}")
    assert {name: known["provenance"] for name in ("provenance",) if name in known} == told
