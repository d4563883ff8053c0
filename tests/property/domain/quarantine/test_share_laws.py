"""Whether a source floods depends on what was appended, and not on the order in which a worker comes to it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.quarantine.flood_detection import (
    MARGIN_MS,
    MINUTE_MS,
    Flood,
    OffsetRange,
    RefusalCounter,
    SourceTally,
    SuspicionQueue,
    floods_in,
    inspected_span,
    sample_ranges,
)

NOON = 1_329_912_000_000
LETTERS, SHARE = 40, 0.5
GIFTS, MAILS = "donation-events", "email-events"


class Appended(NamedTuple):
    """A record of the one source that matters."""

    topic: str
    at: int
    refused: bool


Logs = dict[str, list[Appended]]


def tally(logs: Logs, since: int, until: int) -> SourceTally:
    """What the broker tells of a time, whoever has read how much of it."""
    seen = Counter(one.refused for log in logs.values() for one in log if since <= one.at < until)
    return SourceTally(seen[True], seen[False])


def worked_on(logs: Logs, order: Sequence[str], now: int) -> list[Flood]:
    """What a worker finds that takes a record of each of these topics in turn, then all that is left."""
    floods, suspicions, found = RefusalCounter(LETTERS), SuspicionQueue(), []
    left = {topic: iter(log) for topic, log in logs.items()}
    for topic in [*order, *(topic for topic, log in logs.items() for _ in log)]:
        one = next(left[topic], None)
        if one is not None and one.refused and (suspicion := floods.refused("s", one.at)):
            suspicions.queue(suspicion, now)
        while due := suspicions.due(now):
            tallies = {"s": tally(logs, *inspected_span(due[0].at, now))}
            suspicions.settle(due)
            found += floods_in(due, tallies, SHARE)
    return found


def appended(topic: str, refused: bool, times: Sequence[int]) -> list[Appended]:
    return [Appended(topic, NOON + at, refused) for at in sorted(times)]


TIMES = st.integers(0, 3 * MINUTE_MS - 1)
TURNS = st.lists(st.sampled_from([GIFTS, MAILS]), max_size=400)
LATER = NOON + 60 * MINUTE_MS


@given(st.lists(TIMES, max_size=200), st.lists(TIMES, max_size=200), st.data())
def test_the_order_of_topics_does_not_matter(bad: list[int], good: list[int], data: st.DataObject) -> None:
    logs = {GIFTS: appended(GIFTS, True, bad), MAILS: appended(MAILS, False, good)}
    one, other = (worked_on(logs, data.draw(TURNS), LATER) for _ in range(2))
    assert {(each.at, each.share) for each in one} == {(each.at, each.share) for each in other}


@given(st.integers(LETTERS, 120), TURNS)
def test_a_source_of_which_eight_in_a_hundred_are_bad_is_never_a_flood(gifts: int, order: list[str]) -> None:
    """All of its gifts, and they are worked on before its mails."""
    step = 2 * MINUTE_MS // gifts
    bad = appended(GIFTS, True, [number * step for number in range(gifts)])
    good = appended(MAILS, False, [number * step * 8 // 92 for number in range(gifts * 92 // 8)])
    for first in ([], order, [MAILS] * len(good)):
        assert worked_on({GIFTS: bad, MAILS: good}, first, LATER) == []


@given(st.integers(2 * LETTERS, 200), st.floats(0.0, 0.4), TURNS)
def test_a_source_of_which_more_than_half_is_bad_is_a_flood_within_a_minute(
    bad: int, good_of_bad: float, order: list[str]
) -> None:
    """It is looked into while its minute goes on, and with no more than was appended by then."""
    step = MINUTE_MS // bad
    good = int(bad * good_of_bad)
    logs = {
        GIFTS: appended(GIFTS, True, [number * step for number in range(bad)]),
        MAILS: appended(MAILS, False, [number * MINUTE_MS // max(1, good) for number in range(good)]),
    }
    heard = NOON + LETTERS * step
    floods, suspicions = RefusalCounter(LETTERS), SuspicionQueue()
    for one in logs[GIFTS]:
        if one.at < heard and (suspicion := floods.refused("s", one.at)):
            suspicions.queue(suspicion, one.at)
    now = heard + MARGIN_MS
    due = suspicions.due(now)
    assert floods_in(due, {"s": tally(logs, *inspected_span(NOON, now))}, SHARE)
    assert now <= NOON + MINUTE_MS + MARGIN_MS
    assert worked_on(logs, order, LATER)


RANGES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3_000)), min_size=1, max_size=12)


@given(RANGES, st.integers(100, 5_000), st.integers(1, 100))
def test_a_sample_is_all_there_is_or_about_so_many_of_it_evenly(
    ranges: list[tuple[int, int]], most: int, size: int
) -> None:
    whole = [OffsetRange("t", number, start, start + count) for number, (start, count) in enumerate(ranges)]
    found, total = sample_ranges(whole, most, size), sum(piece.size for piece in whole)
    places = [(piece.partition, offset) for piece in found for offset in range(piece.start, piece.end)]
    assert len(places) == len(set(places))
    assert all(whole[piece.partition].start <= piece.start < piece.end <= whole[piece.partition].end for piece in found)
    if total <= most:
        assert len(places) == total
        return
    assert len(places) <= most + size
    for piece in whole:
        mine = sum(one.size for one in found if one.partition == piece.partition)
        step = -(-total * size // most)
        assert piece.size // step * size - size <= mine <= (piece.size // step + 1) * size
