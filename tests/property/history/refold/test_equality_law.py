"""Folding history again is folding it: whatever was said, and however the stream was cut into chunks."""

from collections.abc import Sequence

from hypothesis import event, given
from hypothesis import strategies as st

from events.harmonised import harmonise
from sinks.lake.rows import tables_of
from streams.domain.contact import ContactState, decode, fold
from streams.domain.contact.state import Fact
from streams.engine.store import MemoryStore
from streams.history.refold.contact_folding import fold_facts, settled_state
from streams.history.refold.contact_rows import histories, read_rows
from streams.history.refold.lake_source import NEEDED
from tests.property.worker.links.sayings import HASHER, SOURCES, TIMES, Saying, erasure, interaction, stories
from tests.unit.domain.contact.said import DAY
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.worker.agents.contacts.interaction_records import folded, kept

LATE = st.integers(0, 24).map(lambda step: NOW + step * 2 * DAY)
"""When the broker gets something: at once, or weeks later, when messages have settled."""


@st.composite
def erasures(draw: st.DrawFn, number: int) -> Saying:
    """Somebody wants to be forgotten."""
    said = interaction("contact.erased", f"e{number}", draw(TIMES), draw(st.sampled_from(SOURCES)), draw(erasure()))
    return Saying(said, NOW)


@st.composite
def partitions(draw: st.DrawFn) -> list[Fetched]:
    """A partition of `interactions`: links, retractions, copies, what comes late, and people who are forgotten."""
    told = [*draw(stories(most=18)), *(draw(erasures(number)) for number in range(draw(st.integers(0, 2))))]
    copies = draw(st.lists(st.sampled_from(told), max_size=5)) if told else []
    order = draw(st.permutations([*told, *copies]))
    times = sorted(draw(st.lists(LATE, min_size=len(order), max_size=len(order))))
    return [record(offset, saying, at) for offset, (saying, at) in enumerate(zip(order, times, strict=True))]


def record(offset: int, saying: Saying, at: int) -> Fetched:
    key, value = harmonise(saying.interaction, HASHER)
    return Fetched(offset, value, key.encode(), [], at)


@st.composite
def chunks(draw: st.DrawFn, records: Sequence[Fetched]) -> list[Sequence[Fetched]]:
    cuts = sorted(draw(st.sets(st.integers(0, len(records)), max_size=8)))
    return [records[start:end] for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True) if start < end]


def streamed(pieces: Sequence[Sequence[Fetched]]) -> dict[str, ContactState]:
    store = MemoryStore()
    for piece in pieces:
        kept(folded(*piece, store=store), store)
    return {key.decode(): settled_state(decode(value)) for key, value in store.items()}


def again(records: Sequence[Fetched]) -> dict[str, ContactState]:
    states = {name: fold_facts(name, facts).state for name, facts in said_to_each(records).items()}
    return {name: settled_state(state) for name, state in states.items() if state != ContactState()}


@given(partitions(), st.data())
def test_refolded_history_equals_the_state_of_the_stream(records: list[Fetched], data: st.DataObject) -> None:
    states = streamed(data.draw(chunks(records)))
    event(f"settled: {any(state.settled.totals.counts for state in states.values())}")
    event(f"erased: {any(state.place is not None and state.place.erased for state in states.values())}")
    assert again(records) == states


@given(partitions())
def test_compacting_messages_together_equals_compacting_each(records: list[Fetched]) -> None:
    """Not only the same in the end: the very same state, and the same became of each fact."""
    for name, facts in said_to_each(records).items():
        patient, impatient = (fold(ContactState(), facts, patient=each) for each in (True, False))
        assert patient == impatient, name
        event(f"settled: {bool(patient[0].settled.totals.counts)}, {len(set(patient[1]))} outcomes")


def said_to_each(records: Sequence[Fetched]) -> dict[str, list[Fact]]:
    rows = [
        batch for table in tables_of(records, "topic").values() for batch in table.select(list(NEEDED)).to_batches()
    ]
    return {each.contact_id: [read.fact for read in read_rows(each)] for each in histories(rows)}
