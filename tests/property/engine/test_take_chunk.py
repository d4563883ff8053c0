from collections import deque
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.runs import ChunkLimits, Run, size_of, take_chunk
from tests.unit.engine.kafka_records import SOURCE, Fetched

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
