from streams.quarantine import floods
from streams.quarantine.floods import MINUTE_MS, Flood, Floods

NOON = 1_329_912_000_000


def refuse(counting: Floods, times: int, source: str = "s", at: int = NOON) -> list[Flood]:
    return [flood for _ in range(times) if (flood := counting.refused(source, at)) is not None]


def test_so_many_in_a_minute_are_a_flood_and_each_one_more_says_so_again() -> None:
    found = refuse(Floods(10, 0.5), 11)
    assert [(flood.source, flood.at, flood.refused) for flood in found] == [("s", NOON, 10), ("s", NOON, 11)]


def test_what_comes_in_two_minutes_or_of_two_sources_is_none() -> None:
    counting = Floods(10, 0.5)
    assert refuse(counting, 9) == []
    assert refuse(counting, 9, at=NOON + MINUTE_MS) == []
    assert refuse(counting, 9, source="other") == []


def test_partitions_may_be_read_at_different_speeds() -> None:
    """What counts is when the broker had it."""
    counting = Floods(10, 0.5)
    for minute in (5, 0, 5, 0):
        assert refuse(counting, 4, at=NOON + minute * MINUTE_MS) == []
    assert [flood.at for flood in refuse(counting, 2, at=NOON)] == [NOON]


def test_only_a_source_that_is_half_way_there_is_suspected() -> None:
    counting = Floods(10, 0.5)
    refuse(counting, 4)
    assert not counting.suspected(NOON)
    refuse(counting, 1)
    assert set(counting.suspected(NOON)) == {"s"}


def test_a_source_of_which_enough_is_good_floods_nobody() -> None:
    counting = Floods(10, 0.5)
    refuse(counting, 5)
    for _ in range(20):
        counting.accepted("s", NOON)
    assert refuse(counting, 6) == []
    assert refuse(counting, 30)[0].share >= 0.5


def test_suspicion_ends_when_it_is_quiet() -> None:
    counting = Floods(10, 0.5)
    refuse(counting, 5)
    assert counting.suspected(NOON + MINUTE_MS)
    assert not counting.suspected(NOON + 2 * MINUTE_MS)


def test_none_is_a_flood_where_it_is_turned_off() -> None:
    assert refuse(Floods(0, 0.5), 1000) == []


def test_a_source_that_is_forgotten_begins_anew() -> None:
    counting = Floods(10, 0.5)
    refuse(counting, 9)
    counting.forget("s")
    assert refuse(counting, 9) == []
    assert refuse(counting, 1) != []


def test_made_up_sources_take_no_memory() -> None:
    counting = Floods(10, 0.5)
    for number in range(floods.MOST_COUNTS + 100):
        counting.refused(str(number), NOON)
    assert len(counting._counts) == floods.MOST_COUNTS
