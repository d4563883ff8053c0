from faust.types import TP

from streams.worker.measuring.record_age import FORGET_MS, Look, Waiting

GIFTS, MORE = TP("donation-events", 0), TP("donation-events", 1)


def test_what_is_in_hand_has_waited_since_its_append() -> None:
    waiting = Waiting()
    waiting.look({GIFTS: Look(3, 10, 4_000), MORE: Look(1, 5, 9_000)}, 10_000)

    assert waiting.waiting() == {"donation-events": 6}


def test_what_was_not_fetched_has_waited_since_there_was_progress() -> None:
    waiting = Waiting()
    waiting.look({GIFTS: Look(0, 10, None)}, 1_000)
    waiting.look({GIFTS: Look(3, 10, None)}, 10_000)

    assert waiting.waiting() == {"donation-events": 9}


def test_a_partition_with_lag_stands_still_until_more_is_done() -> None:
    waiting = Waiting()
    waiting.look({GIFTS: Look(3, 10, None)}, 1_000)
    waiting.look({GIFTS: Look(5, 10, None)}, 61_000)
    assert waiting.stalled() == {GIFTS: 60}

    waiting.look({GIFTS: Look(4, 11, None)}, 62_000)
    assert waiting.stalled() == {GIFTS: 0}


def test_a_partition_with_nothing_to_do_does_not_stand_still() -> None:
    waiting = Waiting()
    waiting.look({GIFTS: Look(0, 10, None)}, 1_000)
    waiting.look({GIFTS: Look(0, 10, None)}, 900_000)
    waiting.look({GIFTS: Look(1, 10, None)}, 901_000)

    assert waiting.stalled() == {GIFTS: 1}


def test_a_rebalance_is_no_progress() -> None:
    waiting = Waiting()
    waiting.look({GIFTS: Look(3, 10, None)}, 0)
    waiting.look({}, 30_000)
    waiting.look({GIFTS: Look(3, None, None)}, 60_000)

    assert waiting.stalled() == {GIFTS: 60}


def test_what_was_somebody_elses_for_long_begins_anew() -> None:
    waiting = Waiting()
    waiting.look({GIFTS: Look(3, 10, None)}, 0)
    waiting.look({}, 1_000)
    waiting.look({GIFTS: Look(3, None, None)}, FORGET_MS + 2_000)

    assert waiting.stalled() == {GIFTS: 0}
    assert waiting.waiting() == {"donation-events": 0}


def test_what_was_somebody_elses_while_this_worker_worked_begins_anew() -> None:
    waiting = Waiting()
    waiting.look({GIFTS: Look(0, 10, None), MORE: Look(0, 5, None)}, 0)
    waiting.look({MORE: Look(0, 5, None)}, 1_000)
    waiting.look({GIFTS: Look(3, None, None), MORE: Look(0, 5, None)}, 85_000)

    assert waiting.stalled() == {GIFTS: 0, MORE: 0}
