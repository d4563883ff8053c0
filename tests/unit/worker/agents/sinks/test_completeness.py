"""A sink was whole at a moment once it has reached what was the end then, and not earlier."""

from faust.types import TP

from streams.engine.runs import End
from streams.worker.agents.sinks.sink_connector import OVERDUE_MS, CompletenessMarks

A, B = TP("contact-state", 0), TP("contact-state", 1)


def test_an_end_is_told_once_when_it_is_reached() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    assert marks.reached(A, 9) is None
    assert marks.reached(A, 10) == End(10, 1000)
    assert marks.reached(A, 10) is None
    assert marks.reached(B, 99) is None


def test_under_a_steady_load_the_end_of_a_moment_ago_is_reached() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    marks.note({A: End(20, 2000)})
    assert marks.reached(A, 15) == End(10, 1000)
    marks.note({A: End(30, 3000)})
    assert marks.reached(A, 25) is None
    assert marks.reached(A, 30) == End(30, 3000)


def test_what_is_not_owned_any_more_is_forgotten() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000), B: End(10, 1000)})
    marks.note({B: End(20, 2000)})
    assert marks.reached(A, 10) is None
    assert marks.reached(B, 10) == End(10, 1000)


def test_only_an_end_beyond_the_sink_is_overdue() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    assert not marks.is_overdue(A, 9, 1000 + OVERDUE_MS)
    assert marks.is_overdue(A, 9, 1001 + OVERDUE_MS)
    assert not marks.is_overdue(A, 10, 10**12)
    assert not marks.is_overdue(B, 0, 10**12)
