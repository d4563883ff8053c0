"""States at their limits: what is kept of a full one, and what can be read of what was written."""

from collections.abc import Iterator
from functools import cache

import msgspec
import orjson
import pytest
from msgspec import Struct
from msgspec.structs import fields

from events.contact import Contact
from events.interaction_structs import INTERACTION_STRUCTS, ContactStruct
from events.interactions.base import InteractionData
from events.json_types import JSON
from events.registry import MODELS
from streams.domain.contact import ContactState, FoldOutcome, decode, encode, profile, read_fact
from streams.domain.contact.codec import FORMAT
from streams.domain.contact.facts.fact_index import index_facts
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.fold import RESERVE, ROOM
from streams.domain.contact.state import Fact
from streams.domain.formats import Unreadable
from tests.unit.domain.contact.records import EDGES, by_the_models
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    NOON,
    Arrival,
    appended,
    apply,
    fold,
    folded,
    gift,
    report,
    retracted,
    said,
)
from tests.unit.events.records import REQUIRED

LONG = "c" * 1_024


@cache
def full() -> ContactState:
    """Not even the smallest fact fits."""
    large = [gift(f"large {n}", 5, committee=LONG) for n in range(1_000)]
    small = [gift(f"{n}", 5) for n in range(20)]
    least = [said("rsvp.made", f"{n}", event_id="e") for n in range(99)]
    state, outcomes = fold(ContactState(), large + small + least)
    assert outcomes[0] is FoldOutcome.APPLIED
    assert outcomes[-1] is FoldOutcome.FULL
    return state


def outcome(arrival: Arrival) -> FoldOutcome:
    return apply(full(), arrival)[1]


def test_the_weight_is_the_size_of_the_facts_and_stays_within_the_room() -> None:
    assert ROOM - 200 < full().weight <= ROOM
    assert full().weight < len(encode(full())) < full().weight + 100


@pytest.mark.parametrize(
    "arrival",
    [
        gift("new", 5),
        said("email.sent", "new", message_id="m", list_id="l"),
        said("consent.changed", "new", channel="email", granted=True, list_id=LONG[:200]),
        report("new", outcome="contacted", support=3),
        said("email.opened", "new" * 50, message_id="m"),
    ],
    ids=lambda arrival: arrival.interaction.type,
)
def test_a_full_state_takes_no_more(arrival: Arrival) -> None:
    state, became = apply(full(), arrival)
    assert became is FoldOutcome.FULL
    assert profile(DONOR, state) == profile(DONOR, full())


@pytest.mark.parametrize(
    "arrival",
    [
        retracted("large 1"),
        said("email.unsubscribed", "new"),
        said("email.complained", "new"),
        said("text.opted_out", "new"),
        said("consent.changed", "new", channel="door", granted=False),
        report("new", outcome="do_not_contact"),
        report("new", outcome="refused"),
        report("new", outcome="deceased"),
    ],
)
def test_a_full_state_still_takes_retractions_and_refusals(arrival: Arrival) -> None:
    assert outcome(arrival) is FoldOutcome.APPLIED


def test_a_copy_that_a_full_state_knows_is_a_duplicate() -> None:
    assert outcome(gift("large 1", 5, committee=LONG)) is FoldOutcome.DUPLICATE


def test_the_reserve_ends_as_well() -> None:
    many = [report(f"no {n}", outcome="refused", tags_added=[LONG]) for n in range(300)]
    state, became = fold(full(), many)
    assert became[0] is FoldOutcome.APPLIED
    assert became[-1] is FoldOutcome.FULL
    assert ROOM < state.weight <= ROOM + RESERVE


def test_a_full_state_has_room_again_when_its_messages_settle() -> None:
    messages = [said("email.sent", f"{n:0250}", message_id="m") for n in range(4_000)]
    state, became = fold(ContactState(), messages)
    assert became[-1] is FoldOutcome.FULL
    assert apply(state, appended(NOON + 7 * DAY, gift("1", 5, committee=LONG)))[1] is FoldOutcome.FULL
    assert apply(state, appended(NOON + 7 * DAY + 1, gift("1", 5, committee=LONG)))[1] is FoldOutcome.APPLIED


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


# What is written can be read, and what cannot be read says so.
def test_answers_keep_their_kind() -> None:
    fact = next(iter(decode(encode(folded(report("1", answers={"a:b": 1, "a:c": 1.0, "a:d": True})))).facts.values()))
    assert repr(fact.detail).count("{'a:b': 1, 'a:c': 1.0, 'a:d': True}") == 1


def test_the_first_element_is_the_format() -> None:
    assert msgspec.msgpack.decode(encode(ContactState()))[0] == FORMAT.number


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"\x91\x01", encode(folded(gift("1", 5)))[:-1]])
def test_bytes_that_are_no_state_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)
