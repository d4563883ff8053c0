from collections import deque
from dataclasses import replace

from streams.engine.runs import ChunkLimits, take_chunk
from tests.unit.engine.kafka_records import offsets, run

TEN = ChunkLimits(records=10, bytes=1_000)


def test_a_hole_between_two_runs_is_not_hidden_in_a_chunk() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=9)])

    first, second = take_chunk(waiting, TEN), take_chunk(waiting, TEN)

    assert (first.began_at, offsets(first), first.next_offset) == (3, [4, 5], 6)
    assert (second.began_at, offsets(second)) == (9, [9, 10])


def test_what_is_no_record_is_no_hole() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=6)])

    chunk = take_chunk(waiting, TEN)

    assert (chunk.began_at, offsets(chunk), chunk.next_offset) == (3, [4, 5, 9, 10], 11)
