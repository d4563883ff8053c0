from collections.abc import Iterator

import orjson
import pytest
from msgspec.structs import fields

from events.json_types import JSON
from events.usual import USUAL, UsualContact, usual_data
from streams.contact import read_fact
from streams.contact.state import Fact
from tests.unit.contact.records import EDGES, by_the_models

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
    for field in fields(USUAL[type_]):
        yield written(type_, {name: value for name, value in good.items() if name != field.name})
        for edge in EDGES:
            yield written(type_, {**good, field.name: edge})
    for field in fields(UsualContact):
        for edge in EDGES:
            yield written(type_, {**good, "contact": {**CONTACT, field.name: edge}})
    for name in ("id", "source", "dataschema", "tenant", "data"):
        for edge in EDGES:
            yield written(type_, good, **{name: edge})


@pytest.mark.parametrize("type_", USUAL)
def test_a_record_at_an_edge_is_the_same_fact_or_refusal_by_the_short_way(type_: str) -> None:
    outcomes = set()
    for value in at_the_edges(type_):
        read = read_fact(value, 7)
        assert repr(read) == repr(by_the_models(value, 7)), value  # 1, 1.0 and True are three answers
        outcomes.add(type(read))
    assert len(outcomes) == 2


@pytest.mark.parametrize("type_", USUAL)
def test_a_good_record_takes_the_short_way(type_: str) -> None:
    data: dict[str, JSON] = {"contact": CONTACT, "unknown": [None], **DATA.get(type_, MESSAGE)}
    assert usual_data(type_, data) is not None
    assert isinstance(read_fact(written(type_, data), 7), Fact)
