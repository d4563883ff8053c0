from collections import deque
from dataclasses import replace

from streams.engine.runs import ChunkLimits, Run, take_chunk
from tests.unit.engine.kafka_records import SOURCE, Fetched, offsets, run

TEN = ChunkLimits(records=10, bytes=1_000)


def test_small_runs_are_joined_into_one_chunk() -> None:
    waiting = deque([run(range(3)), run(range(3, 5))])

    chunk = take_chunk(waiting, TEN)

    assert (chunk.tp, offsets(chunk), chunk.next_offset, chunk.generation) == (SOURCE, [0, 1, 2, 3, 4], 5, 1)
    assert not waiting


def test_a_chunk_ends_at_the_offset_at_which_its_successor_begins() -> None:
    """Offsets 10 and 11 are the markers of transactions: a commit of 10 would be right too, one of 13 would not."""
    records = [Fetched(offset) for offset in (*range(10), 12, 13)]
    waiting = deque([Run(SOURCE, records, 20, 1)])

    assert take_chunk(waiting, TEN).next_offset == 12
    assert take_chunk(waiting, TEN).next_offset == 20


def test_a_hole_between_two_runs_is_not_hidden_in_a_chunk() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=9)])

    first, second = take_chunk(waiting, TEN), take_chunk(waiting, TEN)

    assert (first.began_at, offsets(first), first.next_offset) == (3, [4, 5], 6)
    assert (second.began_at, offsets(second)) == (9, [9, 10])


def test_what_is_no_record_is_no_hole() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=6)])

    chunk = take_chunk(waiting, TEN)

    assert (chunk.began_at, offsets(chunk), chunk.next_offset) == (3, [4, 5, 9, 10], 11)
