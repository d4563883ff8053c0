"""Laws of the engine: folding, fetches and chunks."""

from collections import Counter, deque
from io import BytesIO
from itertools import pairwise

import orjson
import pytest
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11, FetchResponse_v11
from hypothesis import given
from hypothesis import strategies as st

from events.topics import CONTACT_STATE, DEAD_LETTERS
from streams.domain.contact import FoldOutcome, decode, profile
from streams.engine.aiokafka_patches.fetch_requests import PackedFetchRequest, PackedFetchResponse
from streams.engine.runs import ChunkLimits, Run, size_of, take_chunk
from streams.engine.store import MemoryStore
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import GENERATION_BITS
from tests.unit.engine.kafka_records import SOURCE, Fetched
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


int16s, int32s = st.integers(-(2**15), 2**15 - 1), st.integers(-(2**31), 2**31 - 1)
int64s = st.integers(-(2**63), 2**63 - 1)
names = st.text(st.characters(codec="utf-8"), max_size=20)


def lists(*fields: st.SearchStrategy[object]) -> st.SearchStrategy[list[tuple[object, ...]]]:
    return st.lists(st.tuples(*fields), max_size=3)


asked = st.tuples(int32s, int32s, int32s, st.sampled_from((0, 1)), lists(names, lists(int32s, int64s, int32s)), names)
answered = lists(
    names,
    lists(
        int32s,
        int16s,
        int64s,
        int64s,
        int64s,
        st.none() | lists(int64s, int64s),
        int32s,
        st.none() | st.binary(max_size=30),
    ),
)
answers = st.builds(FetchResponse_v11, int32s, int16s, int32s, answered)


@given(asked)
def test_a_request_is_written_in_the_same_bytes(said: tuple[int, int, int, int, list[object], str]) -> None:
    packed = PackedFetchRequest(*said).build(FetchRequest_v11)

    assert packed.encode() == FetchRequest(*said).build(FetchRequest_v11).encode()


@given(asked)
def test_a_broker_that_does_not_know_the_version_is_asked_as_before(
    said: tuple[int, int, int, int, list[object], str],
) -> None:
    assert PackedFetchRequest(*said).build(FetchRequest_v4) == FetchRequest(*said).build(FetchRequest_v4)


@given(answers, st.binary(max_size=8))
def test_an_answer_is_read_as_before_from_where_its_header_ends(answer: FetchResponse_v11, header: bytes) -> None:
    raw = answer.encode()
    behind_header = BytesIO(header + raw)
    behind_header.seek(len(header))

    assert PackedFetchResponse.decode(raw) == FetchResponse_v11.decode(raw)
    assert PackedFetchResponse.decode(behind_header) == FetchResponse_v11.decode(raw)


@given(answers, st.data())
def test_an_answer_that_ends_too_early_is_refused(answer: FetchResponse_v11, data: st.DataObject) -> None:
    raw = answer.encode()
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]

    with pytest.raises(ValueError, match="answer to a fetch"):
        PackedFetchResponse.decode(cut)


LIMITS = st.builds(ChunkLimits, st.integers(1, 6), st.integers(1, 40))
VALUES = st.none() | st.integers(0, 50).map(lambda size: b"x" * size)


@st.composite
def waiting_runs(draw: st.DrawFn) -> list[Run]:
    """What waits in a lane: runs that follow each other, with holes where the markers of transactions are."""
    offset = draw(st.integers(0, 100))
    runs = []
    for generation in sorted(draw(st.lists(st.integers(1, 3), min_size=1, max_size=5))):
        start, records = offset, []
        for value in draw(st.lists(VALUES, min_size=1, max_size=15)):
            offset += draw(st.integers(0, 2))
            records.append(Fetched(offset, value))
            offset += 1
        offset += draw(st.integers(0, 2))
        runs.append(Run(SOURCE, records, offset, generation, start))
    return runs


def chunks_of(runs: list[Run], limits: ChunkLimits) -> list[Run]:
    waiting = deque(runs)
    chunks = []
    while waiting:
        chunks.append(take_chunk(waiting, limits))
    return chunks


def bytes_in(chunk: Run) -> int:
    return sum(len(record.value or b"") for record in chunk.records)


@given(waiting_runs(), LIMITS)
def test_chunks_in_a_row_are_the_runs_in_a_row(runs: list[Run], limits: ChunkLimits) -> None:
    taken = [(chunk.generation, record) for chunk in chunks_of(runs, limits) for record in chunk.records]

    assert taken == [(run.generation, record) for run in runs for record in run.records]


@given(waiting_runs(), LIMITS)
def test_no_chunk_is_empty_or_above_a_limit(runs: list[Run], limits: ChunkLimits) -> None:
    for chunk in chunks_of(runs, limits):
        assert 1 <= len(chunk.records) <= limits.records
        assert bytes_in(chunk) <= limits.bytes or len(chunk.records) == 1
        assert size_of(chunk) == bytes_in(chunk)


@given(waiting_runs(), LIMITS)
def test_a_chunk_is_as_large_as_the_limits_allow(runs: list[Run], limits: ChunkLimits) -> None:
    chunks = chunks_of(runs, limits)
    for chunk, following in pairwise(chunks):
        if chunk.generation == following.generation:
            more = bytes_in(chunk) + len(following.records[0].value or b"")
            assert len(chunk.records) == limits.records or more > limits.bytes


@given(waiting_runs(), LIMITS)
def test_the_next_offset_is_behind_the_chunk_and_not_behind_the_next_one(runs: list[Run], limits: ChunkLimits) -> None:
    chunks = chunks_of(runs, limits)
    for chunk, following in pairwise(chunks):
        assert chunk.records[-1].offset < chunk.next_offset <= following.records[0].offset
    assert chunks[-1].next_offset == runs[-1].next_offset
