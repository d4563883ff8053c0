"""Laws of a refold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec import structs

from events.harmonised import harmonise
from sinks.lake.manifests import imported_log_id
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


FILES = ("one", "two")
BEFORE = 24 * DAY


class Past(NamedTuple):
    """What the topic holds, in its order, and each file; `alone`: what only files hold, each once."""

    topic: list[Fetched]
    files: dict[str, list[Fetched]]
    alone: list[Fetched]


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    """Few people over two months; erasures are heard live, as they are no rows of a file."""
    said = [Saying(structs.replace(each.interaction, time=draw(LATE) - BEFORE), 0) for each in draw(stories(most=16))]
    only_in_files = draw(st.sets(st.sampled_from(range(len(said)))) if said else st.just(set[int]()))
    live = [each for number, each in enumerate(said) if number not in only_in_files]
    heard = [*live, *(draw(erasures(number)) for number in range(draw(st.integers(0, 1))))]
    heard += draw(st.lists(st.sampled_from(heard), max_size=3)) if heard else []
    times = sorted(draw(st.lists(LATE, min_size=len(heard), max_size=len(heard))))
    topic = [record(at, saying, time) for at, (saying, time) in enumerate(zip(heard, times, strict=True))]
    alone = [said[number] for number in sorted(only_in_files)]
    files = {name: draw(st.permutations(alone)) for name in FILES}
    copied = draw(st.lists(st.sampled_from(live), max_size=6)) if live else []
    files["two"] = [*copied, *files["two"][: draw(st.integers(0, len(alone)))]]
    return Past(topic, {name: in_file(each) for name, each in files.items()}, in_file(alone))


def in_file(said: Sequence[Saying]) -> list[Fetched]:
    return [record(at, saying, saying.interaction.time) for at, saying in enumerate(said)]


def again_with_imports(past: Past) -> dict[str, ContactState]:
    logs = {"topic": past.topic, **{imported_log_id(name): rows for name, rows in past.files.items()}}
    tables = [table for log, records in logs.items() for table in tables_of(records, log).values()]
    rows = [batch for table in tables for batch in table.select(list(NEEDED)).to_batches()]
    found = {}
    for history in histories(rows):
        state = fold_facts(history.contact_id, [read.fact for read in read_rows(history)]).state
        if state != ContactState():
            found[history.contact_id] = settled_state(state)
    return found


def at_their_time(past: Past) -> list[Fetched]:
    """The topic as it would have been."""
    found = sorted([*past.alone, *past.topic], key=lambda each: each.timestamp)  # of two at a time the old one is first
    return [replace(each, offset=at) for at, each in enumerate(found)]


@given(pasts(), st.data())
def test_what_was_imported_is_folded_as_if_it_had_been_streamed_at_its_time(past: Past, data: st.DataObject) -> None:
    states = streamed(data.draw(chunks(at_their_time(past))))
    event(f"settled: {any(state.settled.totals.counts for state in states.values())}")
    event(f"erased: {any(state.place is not None and state.place.erased for state in states.values())}")
    event(f"in files alone: {bool(past.alone)}; copies: {len(past.files['two']) > len(past.alone)}")
    assert again_with_imports(past) == states
