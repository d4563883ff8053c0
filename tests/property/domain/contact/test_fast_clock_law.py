"""A clock that is fast voids no refusal: not on two topics, in no order, and not in parts that are merged."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Interaction, Record, decode
from events.harmonised import take_in
from events.identifiers import Hasher
from events.json_types import JSON
from events.times import render_time
from streams.domain.contact import ContactState, encode, fold, merge, profile, read_fact
from streams.domain.contact import decode as decode_state
from streams.domain.contact.state import Fact
from tests.property.domain.contact.strategies import chunks, parts
from tests.unit.events.records import NOW, event, record

HASHER = Hasher([b"key"])
MINUTE = 60_000
MINUTES = st.integers(0, 59)


def heard(sent: dict[str, JSON], topic: str, at: int, appended_at: int) -> Fact:
    """The fact of a record that came `at` a time and whose interaction was appended `appended_at` (ms)."""
    read = decode(Record(topic, record(sent).value, (), at))
    assert isinstance(read, Interaction)
    fact = read_fact(take_in(read, HASHER)[1], appended_at)
    assert isinstance(fact, Fact)
    return fact


@st.composite
def stories(draw: st.DrawFn) -> list[Fact]:
    """A yes whose clock is ahead, twice on two topics, and a no in between."""
    first, between, second = sorted(draw(st.lists(MINUTES, min_size=3, max_size=3, unique=True)))
    ahead = NOW + draw(st.integers(second, first + 60)) * MINUTE
    yes = event("consent.changed", channel="email", granted=True) | {"id": "yes", "time": render_time(ahead)}
    no = event("consent.changed", channel="email", granted=False)
    no |= {"id": "no", "time": render_time(NOW + between * MINUTE)}
    appended = draw(st.permutations([NOW + 60 * MINUTE, NOW + 61 * MINUTE, NOW + 62 * MINUTE]))
    facts = [
        heard(yes, "email-events", NOW + first * MINUTE, appended[0]),
        heard(no, "email-events", NOW + between * MINUTE, appended[1]),
        heard(yes, "outreach-events", NOW + second * MINUTE, appended[2]),
    ]
    return draw(st.permutations(facts))


@given(stories(), st.data())
def test_refusal_after_a_yes_whose_clock_is_fast_holds_in_any_order_and_cut(
    facts: list[Fact], data: st.DataObject
) -> None:
    state = ContactState()
    for chunk in data.draw(chunks(facts)):
        state, _ = fold(decode_state(encode(state)), chunk)
    apart = [fold(ContactState(), part)[0] for part in data.draw(parts(facts))]
    for whole in (state, reduce(merge, apart, ContactState())):
        assert profile("c1", whole)["consent"] == {"email": False}
        assert profile("c1", whole)["counts"] == {"consent.changed": 2}
