"""What holds of every state: its order, its weight, its bytes and its profile."""

import orjson
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from events.outputs import ContactProfile
from streams.domain.contact import ContactState, decode, encode, profile
from streams.domain.contact.compaction import due_at
from streams.domain.contact.merging import weigh
from streams.domain.contact.state import NEVER
from streams.domain.formats import Unreadable
from tests.property.domain.contact.strategies import Feed, feeds
from tests.unit.domain.contact.said import DONOR, fold

PROFILE = TypeAdapter(ContactProfile)


@given(feeds(days=30))
def test_a_state_is_read_as_it_was_written(feed: Feed) -> None:
    state, _ = fold(ContactState(version=7), feed.delivered)
    assert decode(encode(state)) == state
    assert list(decode(encode(state)).facts) == list(state.facts)


@given(feeds(days=30))
def test_a_state_keeps_its_order_and_its_weight(feed: Feed) -> None:
    state, _ = fold(ContactState(), feed.delivered)
    facts = list(state.facts.values())
    assert facts == sorted(facts, key=lambda fact: fact.stamp)
    assert state.facts == {fact.key: fact for fact in facts}
    assert state.weight == weigh((state.facts, state.commands, state.forgotten), state.carried, state.settled)
    assert state.due <= min(map(due_at, facts), default=NEVER)


@given(feeds(days=30))
def test_a_state_keeps_nothing_that_is_due_if_it_was_appended_in_order(feed: Feed) -> None:
    in_order = sorted(feed.delivered, key=lambda arrival: arrival.appended_at)
    state, _ = fold(ContactState(), in_order)
    assert state.clock < min(map(due_at, state.facts.values()), default=NEVER)


@given(feeds(days=30))
def test_a_profile_is_what_the_contract_says(feed: Feed) -> None:
    state, _ = fold(ContactState(), feed.delivered)
    known = profile(DONOR, state)
    assert PROFILE.validate_python(known, strict=True) == known
    assert known.keys() - ContactProfile.__optional_keys__ == ContactProfile.__required_keys__
    assert orjson.loads(orjson.dumps(known)) == known


@given(st.data(), feeds())
def test_damaged_bytes_are_unreadable_or_read_and_never_crash(data: st.DataObject, feed: Feed) -> None:
    written = bytearray(encode(fold(ContactState(), feed.delivered)[0]))
    for place in data.draw(st.lists(st.integers(0, len(written) - 1), min_size=1, max_size=3)):
        written[place] = data.draw(st.integers(0, 255))
    _read(bytes(written))


@given(st.binary(max_size=64))
@example(b"\x97\x01" + b"\x91" * 1_500)
def test_any_bytes_are_unreadable_or_read_and_never_crash(written: bytes) -> None:
    _read(written)


def _read(written: bytes) -> None:
    try:
        assert isinstance(decode(written), ContactState)
    except Unreadable:
        return
