"""How many a preview stands for, where everything is known, nothing, or some partitions are silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.segments.preview_estimates import (
    FEWEST,
    MemberEstimate,
    PartitionCount,
    ToldEstimate,
    estimate,
    told_estimate,
)

SIZES = st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 500)), min_size=1, max_size=8)


def test_once_everybody_is_judged_the_count_is_certain() -> None:
    found = [PartitionCount(100, 100, 7), PartitionCount(90, 90, 0), PartitionCount(0, 0, 0)]
    assert estimate(found, 3) == MemberEstimate(7, 7, 7)


"""Of each partition how many contacts it has, and how many of these are judged at most."""


def test_of_nobody_there_is_nobody() -> None:
    assert estimate([PartitionCount(0, 0, 0)] * 4, 4) == MemberEstimate(0, 0, 0)


def test_without_an_answer_nothing_is_said() -> None:
    assert estimate([], 4) is None
    assert estimate([PartitionCount(0, 0, 0)], 4) is None
    assert estimate([PartitionCount(1000, 0, 0)], 1) is None


def test_the_interval_of_half_a_sample_is_the_one_of_the_textbook() -> None:
    found = estimate([PartitionCount(125_000, 500, 250)] * 8, 8)
    assert found is not None
    assert found.count == 500_000
    assert found.high - found.count == pytest.approx(1.96 * (0.25 / 4_000) ** 0.5 * 1_000_000, rel=0.01)


def test_partitions_that_have_answered_stand_for_those_that_have_not() -> None:
    everybody = [PartitionCount(1_000, 1_000, 100)] * 4
    half = estimate(everybody[:2], 4)
    assert estimate(everybody, 4) == MemberEstimate(400, 400, 400)
    assert half is not None
    assert half.low < 400 == half.count < half.high
    assert half.low >= 200


def test_large_partitions_weigh_more_than_small_ones() -> None:
    found = estimate([PartitionCount(9_000, 100, 0), PartitionCount(1_000, 100, 100)], 2)
    assert found is not None
    assert found.count == 1_000


def test_never_fewer_than_were_seen_nor_more_than_there_can_be() -> None:
    found = estimate([PartitionCount(10, 9, 9)], 1)
    assert found is not None
    assert 9 <= found.low <= found.count <= found.high <= 10


@given(SIZES, st.integers(0, 3), st.data())
def test_what_is_told_is_the_same_for_none_to_nine_judged_members_and_has_room_for_all_of_them(
    held: list[tuple[int, int]], silent: int, data: st.DataObject
) -> None:
    sizes = [(known, min(known, judged)) for known, judged in held]
    matched = [0] * len(sizes)
    for _ in range(data.draw(st.integers(0, FEWEST - 1))):
        number = data.draw(st.integers(0, len(sizes) - 1))
        matched[number] = min(sizes[number][1], matched[number] + 1)
    none, some = (
        [PartitionCount(*size, members) for size, members in zip(sizes, each, strict=True)]
        for each in ([0] * len(sizes), matched)
    )
    told, found = told_estimate(some, len(sizes) + silent), estimate(some, len(sizes) + silent)
    assert told == told_estimate(none, len(sizes) + silent)
    assert (told is None) == (found is None)
    if told is not None and found is not None:
        assert (told.count, told.low) == (None, 0)
        assert found.high <= told.high


@pytest.mark.parametrize(
    ("members", "told"),
    [(9, ToldEstimate(None, 0, 9)), (10, ToldEstimate(10, 10, 10)), (186, ToldEstimate(190, 180, 190))],
)
def test_what_is_told_of_everybody_is_in_tens(members: int, told: ToldEstimate) -> None:
    assert told_estimate([PartitionCount(500, 500, members), PartitionCount(0, 0, 0)], 2) == told
