"""Where what is known of a person comes from, against a plain loop over what was said, however it came."""

from collections.abc import Sequence
from functools import reduce

from hypothesis import event, given
from hypothesis import strategies as st

from events.contact import HashedContact
from streams.demo.recount import one_version_each
from streams.demo.recount_provenance import provenance
from streams.demo.truth import ContactFields
from streams.domain.contact import ContactState, decode, encode, fold, merge, profile
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact
from tests.property.domain.contact.strategies import Feed, counted, feeds, parts
from tests.unit.domain.contact.said import Arrival

ME = "email:" + "1" * 32
NAMES: tuple[ContactFields, ...] = ({}, {"phone": "phone:" + "2" * 32}, {"phone": "phone:" + "3" * 32})
"""Whom interactions name beside the address under which they all came."""


def named(arrival: Arrival) -> ContactFields:
    """The hashed contact of an arrival: copies have the same."""
    return {"email": ME, **NAMES[int(arrival.interaction.id) % len(NAMES)]}


def heard(arrival: Arrival) -> Fact:
    said = arrival.interaction
    data = said.data.model_copy(update={"contact": HashedContact.model_validate(named(arrival))})
    return fact_of((said.id, said.source, said.type, None), said.time, data, arrival.appended_at)


def folded(arrivals: Sequence[Arrival]) -> ContactState:
    return decode(encode(fold(ContactState(), [heard(each) for each in arrivals])[0]))


@given(feeds(), st.data())
def test_in_any_order_with_copies_and_in_parts_the_provenance_is_what_was_said_of_it(
    feed: Feed, data: st.DataObject
) -> None:
    states = [folded(part) for part in data.draw(parts(feed.delivered))]
    known = profile(ME, reduce(merge, states, ContactState()))
    told = provenance(one_version_each(counted(feed.life, named)), lambda contact: next(iter(contact.values())))  # type: ignore[arg-type,return-value]
    event(f"entries: {len(known.get('provenance', ()))}")
    assert {name: known["provenance"] for name in ("provenance",) if name in known} == told
