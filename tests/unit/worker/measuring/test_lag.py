from faust.types import TP

from streams.engine.runs import End
from streams.worker.measuring.lag import FORGET_MS, PartitionProgress, RecordAges, SinkDistance, SinkLag

GIFTS, MORE = TP("donation-events", 0), TP("donation-events", 1)


def test_what_is_in_hand_has_waited_since_its_append() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(3, 10, 4_000), MORE: PartitionProgress(1, 5, 9_000)}, 10_000)

    assert waiting.waiting() == {"donation-events": 6}


def test_what_was_not_fetched_has_waited_since_there_was_progress() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(0, 10, None)}, 1_000)
    waiting.look({GIFTS: PartitionProgress(3, 10, None)}, 10_000)

    assert waiting.waiting() == {"donation-events": 9}


def test_a_partition_with_lag_stands_still_until_more_is_done() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(3, 10, None)}, 1_000)
    waiting.look({GIFTS: PartitionProgress(5, 10, None)}, 61_000)
    assert waiting.stalled() == {GIFTS: 60}

    waiting.look({GIFTS: PartitionProgress(4, 11, None)}, 62_000)
    assert waiting.stalled() == {GIFTS: 0}


def test_a_partition_with_nothing_to_do_does_not_stand_still() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(0, 10, None)}, 1_000)
    waiting.look({GIFTS: PartitionProgress(0, 10, None)}, 900_000)
    waiting.look({GIFTS: PartitionProgress(1, 10, None)}, 901_000)

    assert waiting.stalled() == {GIFTS: 1}


def test_a_rebalance_is_no_progress() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(3, 10, None)}, 0)
    waiting.look({}, 30_000)
    waiting.look({GIFTS: PartitionProgress(3, None, None)}, 60_000)

    assert waiting.stalled() == {GIFTS: 60}


def test_what_was_somebody_elses_for_long_begins_anew() -> None:
    waiting = RecordAges()
    waiting.look({GIFTS: PartitionProgress(3, 10, None)}, 0)
    waiting.look({}, 1_000)
    waiting.look({GIFTS: PartitionProgress(3, None, None)}, FORGET_MS + 2_000)

    assert waiting.stalled() == {GIFTS: 0}
    assert waiting.waiting() == {"donation-events": 0}


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
