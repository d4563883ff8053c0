"""How many people an experiment needs, held to examples of others and to a count of experiments."""

import numpy as np
import pytest
from scipy.stats import norm

from streams.domain.inference.power import LOOKED_AT_ANY_TIME, people_needed


@pytest.mark.parametrize(("usual", "changed", "people"), [(0.20, 0.23, 5_880), (0.20, 0.21, 51_183), (0.05, 0.10, 864)])
def test_equal_parts_need_what_the_textbook_says(usual: float, changed: float, people: int) -> None:
    """Of `power.prop.test` of R and of tables of the z-test without correction, to one in two hundred."""
    assert people_needed(usual, changed).looked_at_once == pytest.approx(people, rel=0.005)


def test_a_difference_that_is_there_is_found_in_four_of_five_experiments_also_with_unequal_parts() -> None:
    usual, changed, share = 0.2, 0.23, 0.3
    people = people_needed(usual, changed, share).looked_at_once
    ones, others = round(people * share), round(people * (1 - share))
    rng = np.random.default_rng(2012)
    one = rng.binomial(ones, usual, 20_000) / ones
    other = rng.binomial(others, changed, 20_000) / others
    error = np.sqrt(one * (1 - one) / ones + other * (1 - other) / others)
    found = float((np.abs(other - one) > norm.ppf(0.975) * error).mean())
    assert found == pytest.approx(0.8, abs=0.015)


def test_unequal_parts_and_looking_at_any_time_need_more() -> None:
    equal, unequal = people_needed(0.2, 0.23), people_needed(0.2, 0.23, 0.1)
    assert unequal.looked_at_once > 2 * equal.looked_at_once
    assert equal.looked_at_any_time == pytest.approx(LOOKED_AT_ANY_TIME * equal.looked_at_once, abs=1)
