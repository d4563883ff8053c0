from collections import deque
from dataclasses import replace

from streams.engine.runs import ChunkLimits, Run, take_chunk
from tests.unit.engine.kafka_records import SOURCE, Fetched, offsets, run

TEN = ChunkLimits(records=10, bytes=1_000)


def sized(*sizes: int | None) -> Run:
    """A run of records with values of so many bytes; None: a record without a value."""
    records = [Fetched(offset, None if size is None else b"x" * size) for offset, size in enumerate(sizes)]
    return Run(SOURCE, records, len(records), 1)


def test_small_runs_are_joined_into_one_chunk() -> None:
    waiting = deque([run(range(3)), run(range(3, 5))])

    chunk = take_chunk(waiting, TEN)

    assert (chunk.tp, offsets(chunk), chunk.next_offset, chunk.generation) == (SOURCE, [0, 1, 2, 3, 4], 5, 1)
    assert not waiting


def test_a_large_run_is_cut_and_its_rest_waits_in_front() -> None:
    waiting = deque([run(range(12)), run(range(12, 14))])

    first = take_chunk(waiting, TEN)
    second = take_chunk(waiting, TEN)

    assert offsets(first) == list(range(10))
    assert offsets(second) == [10, 11, 12, 13]


def test_a_chunk_ends_at_the_offset_at_which_its_successor_begins() -> None:
    """Offsets 10 and 11 are the markers of transactions: a commit of 10 would be right too, one of 13 would not."""
    records = [Fetched(offset) for offset in (*range(10), 12, 13)]
    waiting = deque([Run(SOURCE, records, 20, 1)])

    assert take_chunk(waiting, TEN).next_offset == 12
    assert take_chunk(waiting, TEN).next_offset == 20


def test_a_full_chunk_leaves_the_next_run_as_it_is() -> None:
    waiting = deque([run(range(10)), run(range(10, 12))])

    chunk = take_chunk(waiting, TEN)

    assert (len(chunk.records), chunk.next_offset) == (10, 10)
    assert [offsets(left) for left in waiting] == [[10, 11]]


def test_bytes_close_a_chunk_before_records_do() -> None:
    waiting = deque([sized(400, 400, 201, 10)])

    assert offsets(take_chunk(waiting, TEN)) == [0, 1]
    assert offsets(take_chunk(waiting, TEN)) == [2, 3]


def test_a_chunk_of_exactly_the_limit_is_one_chunk() -> None:
    assert offsets(take_chunk(deque([sized(400, 600)]), TEN)) == [0, 1]


def test_a_record_larger_than_the_limit_is_a_chunk_of_its_own() -> None:
    waiting = deque([sized(1, 5_000, 1)])

    assert [offsets(take_chunk(waiting, TEN)) for _ in range(3)] == [[0], [1], [2]]


def test_bytes_are_counted_across_runs() -> None:
    second = sized(600)
    waiting = deque([sized(600), replace(second, records=[replace(Fetched(1), value=b"x" * 600)], next_offset=2)])

    assert offsets(take_chunk(waiting, TEN)) == [0]
    assert offsets(take_chunk(waiting, TEN)) == [1]


def test_a_record_without_a_value_has_no_bytes() -> None:
    assert len(take_chunk(deque([sized(*[None] * 5)]), ChunkLimits(10, 1)).records) == 5


def test_runs_of_two_generations_are_two_chunks() -> None:
    waiting = deque([run(range(2), generation=1), run(range(1, 3), generation=2)])

    first, second = take_chunk(waiting, TEN), take_chunk(waiting, TEN)

    assert (offsets(first), first.generation) == ([0, 1], 1)
    assert (offsets(second), second.generation) == ([1, 2], 2)


def test_a_hole_between_two_runs_is_not_hidden_in_a_chunk() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=9)])

    first, second = take_chunk(waiting, TEN), take_chunk(waiting, TEN)

    assert (first.began_at, offsets(first), first.next_offset) == (3, [4, 5], 6)
    assert (second.began_at, offsets(second)) == (9, [9, 10])


def test_what_is_no_record_is_no_hole() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=6)])

    chunk = take_chunk(waiting, TEN)

    assert (chunk.began_at, offsets(chunk), chunk.next_offset) == (3, [4, 5, 9, 10], 11)
