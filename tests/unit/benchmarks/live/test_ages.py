from benchmarks.live.crowd import Cell
from benchmarks.live.suite import ages_of, at

ONE, OTHER = Cell("e", "A"), Cell("f", "B")


def test_the_age_of_a_gift_is_from_its_append_to_where_it_is_first_seen() -> None:
    appended = {(ONE, 1): 10.0, (OTHER, 1): 10.0, (ONE, 2): 11.0}
    assert ages_of(appended, {(ONE, 1): 13.0, (OTHER, 1): 10.5, (ONE, 4): 12.0}) == [0.5, 3.0]


def test_an_age_is_that_which_so_many_kept_within() -> None:
    ages = [float(age) for age in range(1, 101)]
    assert [at(ages, share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert at([7.0], 0.5) == 7
