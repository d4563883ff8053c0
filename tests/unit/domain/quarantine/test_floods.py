from streams.domain.quarantine import flood_detection
from streams.domain.quarantine.flood_detection import MINUTE_MS, RefusalCounter, Suspicion

NOON = 1_329_912_000_000


def refuse(counting: RefusalCounter, times: int, source: str = "s", at: int = NOON) -> list[Suspicion]:
    return [found for _ in range(times) if (found := counting.refused(source, at)) is not None]


def test_so_many_in_a_minute_are_suspected_and_each_one_more_says_so_again() -> None:
    assert refuse(RefusalCounter(10), 11) == [Suspicion("s", NOON, 10), Suspicion("s", NOON, 11)]


def test_what_comes_in_two_minutes_or_of_two_sources_is_not() -> None:
    counting = RefusalCounter(10)
    assert refuse(counting, 9) == []
    assert refuse(counting, 9, at=NOON + MINUTE_MS) == []
    assert refuse(counting, 9, source="other") == []


def test_partitions_may_be_read_at_different_speeds() -> None:
    """What counts is when the broker had it."""
    counting = RefusalCounter(10)
    for minute in (5, 0, 5, 0):
        assert refuse(counting, 4, at=NOON + minute * MINUTE_MS) == []
    assert [found.at for found in refuse(counting, 2, at=NOON)] == [NOON]


def test_nothing_is_suspected_where_it_is_turned_off() -> None:
    assert refuse(RefusalCounter(0), 1000) == []


def test_a_source_that_is_forgotten_begins_anew() -> None:
    counting = RefusalCounter(10)
    refuse(counting, 9)
    counting.forget("s")
    assert refuse(counting, 9) == []
    assert refuse(counting, 1) != []


def test_made_up_sources_take_no_memory() -> None:
    counting = RefusalCounter(10)
    for number in range(flood_detection.MAX_COUNTS + 100):
        counting.refused(str(number), NOON)
    assert len(counting._counts) == flood_detection.MAX_COUNTS
