from collections import Counter

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.topics import CONTACT_STATE, DEAD_LETTERS
from streams.domain.contact import FoldOutcome, decode, profile
from streams.engine.store import MemoryStore
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import GENERATION_BITS
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.contacts.interaction_records import GENERATION, folded, kept, said, valued

TYPES = ["email.opened", "email.sent", "donation.made", "canvass.reported", "consent.changed"]
COMMANDS = ["contact.suppressed", "contact.erased"]


def sayings(types: list[str]) -> st.SearchStrategy[tuple[str, str, str, int]]:
    people, ids = st.sampled_from(["c1", "c2", "c3"]), st.sampled_from("abcdef")
    return st.tuples(st.sampled_from(types), people, ids, st.integers(0, 9))


@st.composite
def topics(draw: st.DrawFn, types: list[str]) -> list[Fetched]:
    """A partition of `interactions`: three people, repeats, and now and then a record that is none."""
    records = []
    for offset, (type_, who, id_, luck) in enumerate(draw(st.lists(sayings(types), min_size=1, max_size=25))):
        record = said(offset, type_, who, f"{type_} {id_}")
        records.append(valued(b"{", record) if luck == 0 else record)
    return records


@st.composite
def cut_topics(draw: st.DrawFn, types: list[str]) -> list[list[Fetched]]:
    """The same, cut into chunks somewhere."""
    records = draw(topics(types))
    cuts = sorted(draw(st.sets(st.integers(1, len(records)))))
    return [records[start:end] for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True) if start < end]


def run(chunks: list[list[Fetched]]) -> tuple[MemoryStore, list[InteractionsHandler]]:
    store = MemoryStore()
    foldings = []
    for chunk in chunks:
        foldings.append(folded(*chunk, store=store))
        kept(foldings[-1], store)
    return store, foldings


def profiles(store: MemoryStore) -> dict[bytes, object]:
    return {key: {**profile(key.decode(), decode(value)), "version": 0} for key, value in store.items()}


@given(cut_topics(TYPES + COMMANDS))
def test_however_a_partition_is_cut_into_chunks_the_profiles_are_the_same(chunks: list[list[Fetched]]) -> None:
    cut, _ = run(chunks)
    whole, _ = run([[record for chunk in chunks for record in chunk]])

    assert profiles(cut) == profiles(whole)


@given(cut_topics(TYPES + COMMANDS))
def test_every_record_is_applied_known_or_refused(chunks: list[list[Fetched]]) -> None:
    _, foldings = run(chunks)
    outcomes = sum((folding.outcomes for folding in foldings), Counter[FoldOutcome]())
    refused = sum(folding.refusals.total() for folding in foldings)

    assert outcomes.total() + refused == sum(map(len, chunks))
    assert refused == sum(record.value == b"{" for chunk in chunks for record in chunk)
    assert refused == sum(out.topic == DEAD_LETTERS for folding in foldings for out in folding.effects.outputs)


@given(cut_topics(TYPES))
def test_outputs_are_the_states_and_each_versions_is_one_above_the_last(chunks: list[list[Fetched]]) -> None:
    _, foldings = run(chunks)
    seen: Counter[bytes] = Counter()
    for folding in foldings:
        outputs = [out for out in folding.effects.outputs if out.topic == CONTACT_STATE]
        assert [out.key for out in outputs] == list(folding.effects.changes)
        for out in outputs:
            assert out.key is not None
            seen[out.key] += 1
            assert orjson.loads(out.value or b"")["version"] == (GENERATION << GENERATION_BITS) + seen[out.key]


@given(cut_topics(TYPES + COMMANDS))
def test_a_partition_that_is_read_a_second_time_changes_nothing(chunks: list[list[Fetched]]) -> None:
    store, _ = run(chunks)
    before = dict(store.items())

    for chunk in chunks:
        again = folded(*chunk, store=store)
        assert again.effects.changes == {}
        assert again.outcomes[FoldOutcome.APPLIED] == 0
    assert dict(store.items()) == before
