from faust.types import TP

from streams.engine.runs import End
from streams.worker.measuring.sink_lag import Behind, Distance

STATE, OTHER = TP("contact-state", 0), TP("interactions", 0)


def test_a_sink_is_behind_by_what_it_lacks_since_it_lacked_nothing() -> None:
    behind = Behind("redis", ["contact-state"])
    behind.stands_at(STATE, 7)
    behind.whole_at(STATE, 1_000)

    assert behind.distances([STATE, OTHER], {STATE: End(10, 3_000)}, 4_000) == {STATE: Distance(3, 3.0)}


def test_one_that_never_was_whole_counts_from_the_first_look() -> None:
    behind = Behind("redis", ["contact-state"])
    behind.distances([STATE], {}, 1_000)

    assert behind.distances([STATE], {STATE: End(2, 0)}, 9_000) == {STATE: Distance(None, 8.0)}


def test_what_is_not_owned_any_more_is_forgotten() -> None:
    behind = Behind("redis", ["contact-state"])
    behind.whole_at(STATE, 1_000)
    behind.distances([], {}, 2_000)

    assert behind.distances([STATE], {}, 60_000) == {STATE: Distance(None, 0.0)}
