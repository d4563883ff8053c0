"""Drained records say where reading began, also where the consumer has jumped since it was asked."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from aiokafka.structs import TopicPartition

from streams.engine.aiokafka_patches.fetched_records import MOST_BYTES, DrainedRecords, FetchedRecord, _FetchResult

TP = TopicPartition("interactions", 0)


class Records:
    """What a fetch brought, as aiokafka unpacks it: the position moves with each record."""

    def __init__(self, position: int, offsets: range, value: bytes) -> None:
        self.next_fetch_offset = position
        self._offsets = iter(offsets)
        self._value = value

    def __iter__(self) -> Iterator[FetchedRecord]:
        return self

    def __next__(self) -> FetchedRecord:
        offset = next(self._offsets)
        self.next_fetch_offset = offset + 1
        return FetchedRecord(TP.topic, TP.partition, offset, 0, b"k", self._value, ())


class State:
    paused = False

    def __init__(self, position: int) -> None:
        self.position = position

    def consumed_to(self, position: int) -> None:
        self.position = position


def result(position: int, offsets: range, value: bytes = b"v") -> _FetchResult:
    state = State(position)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    return _FetchResult(TP, assignment=assignment, partition_records=Records(position, offsets, value), backoff=0.1)


def drained(found: DrainedRecords) -> tuple[int, list[int]]:
    return found.start, [record.offset for record in found]


def test_reading_begins_at_the_position_and_not_at_the_first_record() -> None:
    """Between the two are markers, or records of transactions that were aborted."""
    assert drained(result(50, range(53, 56)).getall()) == (50, [53, 54, 55])


def test_a_part_begins_where_the_last_one_ended() -> None:
    fetched = result(50, range(53, 56))

    assert drained(fetched.getall(2)) == (50, [53, 54])
    assert drained(fetched.getall(2)) == (55, [55])


@pytest.mark.parametrize("moved_to", [49, 90])
def test_nothing_is_drained_of_another_position(moved_to: int) -> None:
    fetched = result(50, range(53, 56))
    fetched._assignment.state_value(TP).position = moved_to

    assert list(fetched.getall()) == []


def test_no_more_is_handed_out_at_once_than_some_megabytes_and_nothing_of_the_rest_is_lost() -> None:
    """Batches of a kilobyte may each hold 32 MiB: two thousand of them at once were more than any machine has."""
    fetched = result(0, range(5), bytes(MOST_BYTES // 2))

    assert drained(fetched.getall(2_000)) == (0, [0, 1])
    assert drained(fetched.getall()) == (2, [2, 3])
    assert fetched.has_more()
    assert drained(fetched.getall(2_000)) == (4, [4])
    assert not fetched.has_more()
