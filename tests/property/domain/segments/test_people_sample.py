"""Whom a preview judges are the first in the order of a hash, however the walk is cut and whoever comes and goes."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.segments.people_sample import PeopleSample, hash_place

MOST = 6
NAMES = [b"voter:OH:%03d" % number for number in range(60)]


def walked(names: Iterable[bytes], most: int, piece: int) -> PeopleSample:
    """The sample of these after a walk, so many at a time."""
    held, sample = sorted(names), PeopleSample(most)
    for at in range(0, max(1, len(held)), piece):
        some = held[at : at + piece]
        sample.walk(some, some[-1] if some else b"", is_end=at + piece >= len(held))
    return sample


@given(st.sets(st.sampled_from(NAMES)), st.integers(1, 70), st.integers(1, 70))
def test_the_first_are_drawn_however_the_walk_is_cut(names: set[bytes], most: int, piece: int) -> None:
    sample = walked(names, most, piece)
    assert sample.drawn == sorted((hash_place(name), name) for name in names)[:most]
    assert (sample.known, sample.is_whole, sample.is_worn) == (len(names), True, False)


@given(
    st.sets(st.sampled_from(NAMES)),
    st.lists(st.tuples(st.integers(0, 9), st.sets(st.sampled_from(NAMES), max_size=5)), max_size=40),
)
def test_whoever_comes_and_goes_meanwhile_counts_as_if_the_walk_had_come_later(
    there: set[bytes], story: list[tuple[int, set[bytes]]]
) -> None:
    sample, has_anybody_gone = PeopleSample(MOST), False
    for piece, changed in story:
        if piece and not sample.is_whole:
            some = sorted(name for name in there if name > sample.after)[:piece]
            sample.walk(some, some[-1] if some else sample.after, is_end=len(some) < piece)
        come, gone = changed - there, changed & there
        there = (there | come) - gone
        has_anybody_gone |= bool(gone)
        sample.come(come)
        sample.go(gone)
        passed = {name for name in there if sample.is_whole or name <= sample.after}
        in_order = sorted((hash_place(name), name) for name in passed)
        assert sample.known == len(passed)
        assert sample.drawn == [one for one in in_order if one[0] < sample.below][:MOST]
        assert len(sample.drawn) <= MOST
        if not has_anybody_gone:
            assert sample.drawn == in_order[:MOST]


def test_a_sample_of_which_more_than_half_have_gone_is_worn_where_others_could_be_drawn() -> None:
    sample = walked(NAMES, MOST, 7)
    drawn = [name for _, name in sample.drawn]
    sample.go(drawn[:3])
    assert not sample.is_worn
    sample.go(drawn[3:4])
    assert sample.is_worn
    few = walked(NAMES[:4], MOST, 7)
    few.go(NAMES[:3])
    assert (few.known, few.is_worn) == (1, False)
