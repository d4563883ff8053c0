import pytest
from faust.types import TP

from streams.engine.runs import End
from streams.worker.measuring.lag import FORGET_MS, PartitionProgress, RecordAges, SinkDistance, SinkLag

GIFTS, MORE = TP("donation-events", 0), TP("donation-events", 1)


def test_what_is_in_hand_has_waited_since_its_append() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(3, 10, 4_000), MORE: PartitionProgress(1, 5, 9_000)}, 10_000)

    assert waiting.waiting() == {"donation-events": 6}


Look = tuple[int, tuple[int, int | None] | None]
"""When it is looked, and the lag and what is done of a partition that is this worker's then."""


@pytest.mark.parametrize(
    ("looks", "seconds"),
    [
        ([(1_000, (3, 10)), (61_000, (5, 10))], 60),
        ([(1_000, (3, 10)), (61_000, (5, 10)), (62_000, (4, 11))], 0),
        ([(1_000, (0, 10)), (10_000, (3, 10))], 9),
        ([(1_000, (0, 10)), (900_000, (0, 10)), (901_000, (1, 10))], 1),
        ([(0, (3, 10)), (30_000, None), (60_000, (3, None))], 60),  # a rebalance is no progress
        ([(0, (3, 10)), (1_000, None), (FORGET_MS + 2_000, (3, None))], 0),  # it was somebody else's for long
    ],
)
def test_a_partition_with_lag_stands_still_since_it_had_none_or_more_was_done(looks: list[Look], seconds: int) -> None:
    waiting = RecordAges()
    for now, seen in looks:
        waiting.look({} if seen is None else {GIFTS: PartitionProgress(*seen, None)}, now)

    assert (waiting.stalled(), waiting.waiting()) == ({GIFTS: seconds}, {"donation-events": seconds})


def test_what_was_somebody_elses_while_this_worker_worked_begins_anew() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(0, 10, None), MORE: PartitionProgress(0, 5, None)}, 0)
    waiting.look({MORE: PartitionProgress(0, 5, None)}, 1_000)
    waiting.look({GIFTS: PartitionProgress(3, None, None), MORE: PartitionProgress(0, 5, None)}, 85_000)

    assert waiting.stalled() == {GIFTS: 0, MORE: 0}


STATE, OTHER = TP("contact-state", 0), TP("interactions", 0)


def test_a_sink_is_behind_by_what_it_lacks_since_it_lacked_nothing() -> None:
    behind = SinkLag("redis", ["contact-state"])
    behind.stands_at(STATE, 7)
    behind.whole_at(STATE, 1_000)

    assert behind.distances([STATE, OTHER], {STATE: End(10, 3_000)}, 4_000) == {STATE: SinkDistance(3, 3.0)}


def test_a_sink_that_never_was_whole_is_behind_since_the_first_look() -> None:
    behind = SinkLag("redis", ["contact-state"])
    behind.distances([STATE], {}, 1_000)

    assert behind.distances([STATE], {STATE: End(2, 0)}, 9_000) == {STATE: SinkDistance(None, 8.0)}


def test_what_is_not_owned_any_more_is_forgotten() -> None:
    behind = SinkLag("redis", ["contact-state"])
    behind.whole_at(STATE, 1_000)
    behind.distances([], {}, 2_000)

    assert behind.distances([STATE], {}, 60_000) == {STATE: SinkDistance(None, 0.0)}
