from collections.abc import Iterator

import orjson
import pytest
from msgspec import Struct
from msgspec.structs import fields

from events.contact import Contact
from events.interaction_structs import INTERACTION_STRUCTS, ContactStruct
from events.interactions.base import InteractionData
from events.json_types import JSON
from events.registry import MODELS
from streams.domain.contact import read_fact
from streams.domain.contact.facts.fact_index import index_facts
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact
from tests.unit.domain.contact.records import EDGES, by_the_models
from tests.unit.domain.contact.said import NOON
from tests.unit.events.records import REQUIRED

CONTACT: dict[str, JSON] = {"contact_id": "c", "region": "US-NY"}
DATA: dict[str, dict[str, JSON]] = {
    "donation.made": {"donation_id": "a:b", "amount": 1, "currency": "USD"},
    "canvass.reported": {"method": "door", "outcome": "contacted"},
    "experiment.assigned": {"experiment": {"id": "x", "variant": "B"}},
}
MESSAGE: dict[str, JSON] = {"message_id": "m"}


def written(type_: str, data: JSON, /, **envelope: JSON) -> bytes:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": type_, "time": "2012-02-22T00:00:00Z"}
    return orjson.dumps({**event, "data": data, **envelope})


def at_the_edges(type_: str) -> Iterator[bytes]:
    """A good record with each of the edges in each of its fields in turn, and without the field."""
    good: dict[str, JSON] = {"contact": CONTACT, **DATA.get(type_, MESSAGE)}
    for field in fields(INTERACTION_STRUCTS[type_]):
        yield written(type_, {name: value for name, value in good.items() if name != field.name})
        for edge in EDGES:
            yield written(type_, {**good, field.name: edge})
    for field in fields(ContactStruct):
        for edge in EDGES:
            yield written(type_, {**good, "contact": {**CONTACT, field.name: edge}})
    for name in ("id", "source", "dataschema", "tenant", "data"):
        for edge in EDGES:
            yield written(type_, good, **{name: edge})


@pytest.mark.parametrize("type_", INTERACTION_STRUCTS)
def test_a_record_at_an_edge_is_the_same_fact_or_refusal_by_the_short_way(type_: str) -> None:
    outcomes = set()
    for value in at_the_edges(type_):
        read = read_fact(value, 7)
        assert repr(read) == repr(by_the_models(value, 7)), value  # 1, 1.0 and True are three answers
        outcomes.add(type(read))
    assert len(outcomes) == 2


@pytest.mark.parametrize("type_", sorted(MODELS))
def test_what_is_kept_of_each_type_is_decided_and_sorted(type_: str) -> None:
    fact = read_fact(written(type_, {"contact": CONTACT, **REQUIRED[type_]}), 7)

    assert isinstance(fact, Fact)
    assert index_facts([fact]).counted == [fact]


class PetMet(InteractionData):
    """A type of which nobody has said what is kept."""


def test_a_type_of_which_nobody_has_said_what_is_kept_is_an_error_and_not_an_empty_fact() -> None:
    with pytest.raises(TypeError, match="PetMet: nobody has said what is kept of it"):
        fact_of(("1", "s", "pet.met", None), NOON, PetMet(contact=Contact(contact_id="c")), NOON)


def test_a_detail_that_no_section_takes_is_an_error_and_not_dropped() -> None:
    class Pet(Struct):
        """A detail that was added to facts and to nothing else."""

    fact = Fact("pet.met", NOON, "s", "1", NOON, detail=Pet())  # type: ignore[arg-type]

    with pytest.raises(AssertionError):
        index_facts([fact])
