"""What is stored of one person's memberships is read again as it was, and takes few bytes."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.contact.state import NEVER
from streams.domain.segments.memberships import PersonMemberships, read_memberships, write_memberships
from tests.unit.domain.contact.said import DAY, NOON

TIMES = st.integers(0, 4_000_000_000_000)


@given(st.dictionaries(st.integers(1, 5_000), TIMES), st.one_of(st.just(NEVER), TIMES), st.booleans())
def test_memberships_are_read_as_they_were_written(since: dict[int, int], due: int, is_told: bool) -> None:
    held = PersonMemberships(since, due, is_told)
    assert read_memberships(write_memberships(held)) == held


def test_ten_memberships_take_no_more_than_a_hundred_and_twenty_bytes() -> None:
    """Whether they began together, as those that a definition gives, or over a year."""
    together = PersonMemberships(dict.fromkeys(range(100, 110), NOON), NOON + DAY, is_told=True)
    apart = PersonMemberships({100 + place: NOON - place * 40 * DAY for place in range(10)}, NOON + DAY, is_told=True)
    assert len(write_memberships(together)) <= 50
    assert len(write_memberships(apart)) <= 120
