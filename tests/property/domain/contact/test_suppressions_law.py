"""Which suppression binds does not depend on the order in which they come, nor on how they are dealt to fragments."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from events.times import render_time
from streams.domain.contact import ContactState, merge, profile
from streams.domain.contact.publication.suppressed_channels import closed_channels_of
from tests.property.domain.contact.strategies import parts
from tests.unit.domain.contact.said import DONOR, HOUR, NOON, Arrival, folded, said


@st.composite
def words(draw: st.DrawFn) -> list[Arrival]:
    """Suppressions for ever, until a time, until their own time, and until one before it."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        time = NOON + draw(st.integers(0, 3)) * HOUR
        length = draw(st.none() | st.integers(-2, 2))
        ends = {} if length is None else {"until": render_time(time + length * HOUR)}
        found.append(said("contact.suppressed", f"{number}", time, **ends))
    return found


def binding(told: list[Arrival]) -> str | None:
    """The id of the one that binds: of those that end no earlier than they begin the latest, if it has any length."""
    found: tuple[int, str, bool] | None = None
    for each in told:
        until = each.interaction.data.until  # type: ignore[attr-defined]
        begin, end = render_time(each.interaction.time), until or "9"
        if end >= begin and (found is None or (each.interaction.time, each.interaction.id) > found[:2]):
            found = each.interaction.time, each.interaction.id, end > begin
    return found[1] if found is not None and found[2] else None


@given(words(), st.data())
def test_in_any_order_and_in_parts_the_same_suppression_binds(told: list[Arrival], data: st.DataObject) -> None:
    states = [folded(*each) for each in data.draw(parts(data.draw(st.permutations(told))))]
    stop = profile(DONOR, reduce(merge, states, ContactState()))["stops"].get("all")
    assert (None if stop is None else stop["id"]) == binding(told)
    assert [each.id for each in closed_channels_of(states)] == [id_ for id_ in [binding(told)] if id_ is not None]
