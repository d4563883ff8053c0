"""The short way from a record to its fact is the models' way, for whatever may stand in `interactions`."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Interaction, decode
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.interaction_structs import INTERACTION_STRUCTS, read_data_struct
from events.json_types import JSON
from streams.domain.contact import read_fact
from streams.domain.contact.state import Fact
from tests.property.events.saying import NOW, events, record, scalars, shallow, written
from tests.property.events.test_intake_laws import flipped
from tests.unit.domain.contact.records import EDGES, by_the_models

HASHER = Hasher([b"key"])
places = st.sampled_from(sorted({name for struct in INTERACTION_STRUCTS.values() for name in struct.__struct_fields__}))
contact_places = st.sampled_from(
    ["contact_id", "voter_id", "external", "email", "phone", "region", "time_zone", "voter_state", "aliases", "mailbox"]
)
anything = st.sampled_from(EDGES) | shallow | scalars


def harmonised(content: dict[str, JSON]) -> bytes:
    interaction = decode(record(written(content), content["type"]))
    assert isinstance(interaction, Interaction)
    return harmonise(interaction, HASHER)[1]


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A record as intake writes it, with something else in up to three of its fields."""
    event = orjson.loads(harmonised(draw(events().filter(lambda content: content["type"] in INTERACTION_STRUCTS))))
    data = event["data"]
    for _ in range(draw(st.integers(1, 3))):
        where, name = draw(
            st.one_of(
                places.map(lambda name: (data, name)),
                contact_places.map(lambda name: (data["contact"], name)),
                st.sampled_from(["id", "source", "dataschema", "tenant"]).map(lambda name: (event, name)),
            )
        )
        if isinstance(where, dict):
            where[name] = draw(anything)
    return orjson.dumps(event)


def extended(value: bytes, at: int, more: bytes) -> bytes:
    place = at % (len(value) + 1)
    return value[:place] + more + value[place:]


flips = st.builds(flipped, events().map(harmonised), st.integers(0), st.integers(0, 7))
insertions = st.builds(
    extended, events().map(harmonised), st.integers(0), st.sampled_from([b"\\n", b"0", b"\xff", b"\\ud800", b"1e999"])
)


@given(events())
def test_what_intake_writes_is_the_same_fact_both_ways(content: dict[str, JSON]) -> None:
    value = harmonised(content)
    assert isinstance(read_fact(value, NOW), Fact)
    assert read_fact(value, NOW) == by_the_models(value, NOW)


@given(spoilt())
def test_a_spoilt_record_is_the_same_fact_or_refusal_both_ways(value: bytes) -> None:
    assert repr(read_fact(value, NOW)) == repr(by_the_models(value, NOW))  # 1, 1.0 and True are three answers


@given(flips | insertions | st.binary() | st.none())
def test_damaged_bytes_are_the_same_fact_or_refusal_both_ways(value: bytes | None) -> None:
    assert repr(read_fact(value, NOW)) == repr(by_the_models(value, NOW))


@given(events().filter(lambda content: content["type"] in INTERACTION_STRUCTS))
def test_what_intake_writes_of_the_usual_types_takes_the_short_way(content: dict[str, JSON]) -> None:
    assert read_data_struct(str(content["type"]), orjson.loads(harmonised(content))["data"]) is not None
