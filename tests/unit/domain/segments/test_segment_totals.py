"""Partitions are added up, and an edition is complete once all of them say so of the same one."""

from events.segments import SegmentCount, SegmentState
from streams.domain.segments.segment_totals import added_up


def count(members: int, edition: str = "e1", state: SegmentState = "complete", day: int = 1) -> SegmentCount:
    as_of = f"2012-02-0{day}T00:00:00.000Z"
    return SegmentCount(edition=edition, state=state, members=members, entered=2, left=1, as_of=as_of)


def test_partitions_are_added_up() -> None:
    total = added_up([count(3), count(4, day=2)], 2)
    assert total is not None
    assert (total.members, total.entered, total.left, total.as_of) == (7, 4, 2, "2012-02-02T00:00:00.000Z")
    assert (total.state, total.edition, total.partitions) == ("complete", "e1", 2)


def test_an_edition_is_complete_once_all_partitions_say_so_of_the_same_one() -> None:
    said = [
        added_up([count(3)], 2),
        added_up([count(3), count(4, state="filling")], 2),
        added_up([count(3), count(4, "e2", day=2)], 2),
        added_up([count(3), count(4)], 2),
    ]
    assert [total and (total.state, total.partitions) for total in said] == [
        *(("filling", 1), ("filling", 1), ("filling", 1), ("complete", 2)),
    ]


def test_a_segment_is_withdrawn_once_all_that_speak_of_it_say_so() -> None:
    assert added_up([], 2) is None
    gone = added_up([count(3, state="withdrawn")], 2)
    assert gone is not None
    assert gone.state == "withdrawn"
