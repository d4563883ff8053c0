"""What holds of every state whose facts name others: its table, its weight, its bytes, and what it tells."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.registry import MESSAGES
from streams.domain.contact import ContactState, decode, encode, fold, merge, read_fact
from streams.domain.contact.identity.identity_edges import told
from streams.domain.contact.merging import weigh
from streams.domain.contact.state import Fact
from tests.property.worker.links.sayings import happenings, interaction, suppressions
from tests.unit.domain.contact.said import DAY
from tests.unit.events.records import NOW

ROTATING = Hasher([b"key", b"old"])


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Of one fragment, each told once: things that happened, suppressions, retractions of some."""
    found = []
    for number in range(draw(st.integers(0, 10))):
        said = draw(st.one_of(happenings(f"i{number}"), suppressions(f"i{number}")))
        contact: dict[str, JSON] = {**said.data.contact.plain(), "contact_id": "crm.ada"}
        data: dict[str, JSON] = {**said.data.plain(), "contact": contact}
        found.append(interaction(said.type, said.id, said.time, said.source, data))
        if draw(st.integers(0, 4)) == 0:
            gone: dict[str, JSON] = {"contact": contact, "retracts": {"source": said.source, "id": said.id}}
            found.append(interaction("interaction.retracted", f"r{number}", NOW, "team/a", gone))
    read = [read_fact(harmonise(said, ROTATING)[1], NOW) for said in found]
    return [fact for fact in read if isinstance(fact, Fact)]


def folded(known: list[Fact]) -> ContactState:
    return fold(ContactState(), known)[0]


@given(facts())
def test_the_table_is_sorted_and_holds_what_is_named_and_no_more(known: list[Fact]) -> None:
    state = folded(known)
    kept = [*state.facts.values(), *state.commands.values(), *state.forgotten.values()]
    assert sorted(set(state.carried)) == list(state.carried)
    assert {fact.carried for fact in kept} - {0} == set(range(1, len(state.carried) + 1))
    assert state.weight == weigh((state.facts, state.commands, state.forgotten), state.carried, state.settled)
    assert decode(encode(state)) == state


@given(facts(), st.data())
def test_in_any_order_and_in_parts_it_is_the_same_state(known: list[Fact], data: st.DataObject) -> None:
    dealt: list[list[Fact]] = [[], [], []]
    for fact in data.draw(st.permutations(known)):
        dealt[data.draw(st.integers(0, 2))].append(fact)
    assert reduce(merge, map(folded, dealt), ContactState()) == folded(known)


@given(facts())
def test_settling_takes_back_nothing_that_was_told(known: list[Fact]) -> None:
    state = folded(known)
    late = Fact("form.submitted", NOW, "team/a", "late", NOW + 60 * DAY)
    settled, _ = fold(state, [late])
    assert not any(fact.type in MESSAGES for fact in settled.facts.values())
    assert told("crm.ada", settled) == told("crm.ada", state)
    assert settled.weight == weigh(
        (settled.facts, settled.commands, settled.forgotten), settled.carried, settled.settled
    )
