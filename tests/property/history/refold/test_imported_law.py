"""Old files in the lake are folded as if all in them had been streamed when it happened, whatever the topic has too."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec import structs

from sinks.lake.manifests import imported_log_id
from sinks.lake.rows import tables_of
from streams.domain.contact import ContactState
from streams.history.refold.contact_folding import fold_facts, settled_state
from streams.history.refold.contact_rows import histories, read_rows
from streams.history.refold.lake_source import NEEDED
from tests.property.history.refold.test_equality_law import LATE, chunks, erasures, record, streamed
from tests.property.worker.links.sayings import Saying, stories
from tests.unit.domain.contact.said import DAY
from tests.unit.engine.kafka_records import Fetched

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


def again(past: Past) -> dict[str, ContactState]:
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
    assert again(past) == states
