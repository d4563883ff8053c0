"""What is stored of one person's memberships is read again as it was, and takes few bytes."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.contact.state import NEVER
from streams.domain.segments.memberships import NO_MEMBERSHIPS, PersonMemberships, read_memberships, write_memberships
from tests.unit.domain.contact.said import DAY, NOON

TIMES = st.integers(0, 4_000_000_000_000)


@given(st.dictionaries(st.integers(1, 5_000), TIMES), st.one_of(st.just(NEVER), TIMES), st.booleans())
def test_memberships_are_read_as_they_were_written(since: dict[int, int], due: int, is_told: bool) -> None:
    latest = max(since.values(), default=0)
    held = PersonMemberships(latest, {number: latest - at for number, at in since.items()}, due, is_told)
    assert read_memberships(write_memberships(held)) == held
    assert held.since == since


@given(st.dictionaries(st.integers(1, 5_000), TIMES), st.data())
def test_who_moves_stays_in_the_rest_since_the_same_time(since: dict[int, int], data: st.DataObject) -> None:
    held, at = begun(since), data.draw(TIMES)
    left = data.draw(st.sets(st.sampled_from(sorted(since)))) if since else set[int]()
    entered = data.draw(st.sets(st.integers(5_001, 5_100)))
    moved = held.moved(entered, left, at, NEVER)
    kept = {number: began for number, began in since.items() if number not in left}
    assert (moved.since, moved.is_told) == (kept | dict.fromkeys(entered, at), True)
    assert all(ago >= 0 for ago in moved.before.values())


def begun(since: Mapping[int, int]) -> PersonMemberships:
    """Somebody who came into these segments one after the other."""
    held = NO_MEMBERSHIPS
    for number in sorted(since, key=since.__getitem__):
        held = held.moved([number], (), since[number], NOON + DAY)
    return held


def test_ten_memberships_take_no_more_than_a_hundred_and_twenty_bytes() -> None:
    """Whether they began together, as those that a definition gives, or over a year."""
    together = begun(dict.fromkeys(range(100, 110), NOON))
    apart = begun({100 + place: NOON - place * 40 * DAY for place in range(10)})
    assert len(write_memberships(together)) <= 50
    assert len(write_memberships(apart)) <= 120
