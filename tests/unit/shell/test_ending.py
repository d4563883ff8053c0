import logging
import queue

import pytest

from streams.ending import EXIT_HARD, end_within


def test_a_process_that_takes_too_long_to_stop_ends_hard_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    ended: queue.Queue[int] = queue.Queue()
    with caplog.at_level(logging.CRITICAL):
        end_within(0.01, "the worker", ended.put)
        assert ended.get(timeout=10) == EXIT_HARD
    assert "the worker has not stopped within HARMONIA_GRACE_S (0.01 s)" in caplog.text


def test_one_that_has_ended_by_itself_is_held_up_by_nothing() -> None:
    timer = end_within(1000.0, "the worker")
    assert timer.daemon
    timer.cancel()
