"""Harm, beside likelihoods that are multiplied one by one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from streams.domain.inference import harm as module
from streams.domain.inference.harm import harm_test
from tests.unit.domain.inference.people import rate


def test_the_e_value_is_the_average_likelihood_of_higher_rates() -> None:
    result = harm_test(rate(30, of=4_000), rate(15, of=6_000))
    times = module._TIMES
    chances = 0.4 * times / (0.4 * times + 0.6)
    likelihood = np.mean(stats.binom.pmf(30, 45, chances)) / stats.binom.pmf(30, 45, 0.4)
    assert result.log_e[0] == pytest.approx(np.log(likelihood))


def test_a_dozen_cases_that_all_come_from_the_treated_arm_are_enough() -> None:
    result = harm_test(rate(12, of=2_000), rate(0, of=2_000))
    assert result.log_e[0] > np.log(20)
    assert result.times_low[0] > 1


def test_fewer_cases_are_no_harm() -> None:
    result = harm_test(rate(20, of=10_000), rate(80, of=10_000))
    assert result.log_e[0] < 0
    assert result.low[0] < 0


def test_twice_as_many_in_an_arm_of_ten_times_as_many_are_fewer() -> None:
    assert harm_test(rate(20, of=100_000), rate(10, of=10_000)).log_e[0] < 0


def test_the_bounds_are_below_what_was_seen_and_come_near_it() -> None:
    result = harm_test(rate(4_000, of=1_000_000), rate(2_000, of=1_000_000))
    assert 0.0015 < result.low[0] < result.effect[0] == pytest.approx(0.002)
    assert 1.8 < result.times_low[0] < 2.0


@pytest.mark.parametrize(("cases", "others"), [(3, 0), (1, 1), (12, 0), (30, 15), (20, 80), (400, 0), (4_000, 2_000)])
def test_the_least_chance_is_where_the_evidence_ends(cases: int, others: int) -> None:
    evidence = np.log(20)
    treated, everybody = np.array([float(cases)]), np.array([float(cases + others)])
    [least] = module._least_chance(treated, everybody, evidence)
    chances = np.linspace(0, 1, 100_001)
    refuted = module._log_e(treated, everybody, chances) >= evidence
    assert least == pytest.approx(chances[refuted].max(initial=0.0), abs=1.1e-5)
    assert least == 0 or module._log_e(treated, everybody, np.array([least])) == pytest.approx(evidence)


def test_people_who_were_assigned_together_count_less() -> None:
    arms = rate(40, of=9_000), rate(16, of=9_000)
    together = [replace(arm, deff=np.array([2.0]), groups=np.array([100.0])) for arm in arms]
    assert harm_test(*together).log_e == pytest.approx(harm_test(rate(20, of=4_500), rate(8, of=4_500)).log_e)


@pytest.mark.parametrize("fewer_than_none", [-3, -5, -9])
def test_a_sum_that_is_below_nothing_for_a_moment_makes_no_figure_that_is_none(fewer_than_none: int) -> None:
    """As where somebody is taken away in one partition before they are added in another."""
    result = harm_test(rate(5, of=900), rate(fewer_than_none, of=900))
    assert all(np.isfinite(each[0]) for each in (result.effect, result.low, result.times_low, result.log_e))


def test_nothing_is_said_of_an_empty_arm_or_of_few_groups() -> None:
    few = replace(rate(90, of=9_000), groups=np.array([29.0]))
    for result in (harm_test(rate(50, of=900), rate(0, of=0)), harm_test(few, rate(10, of=9_000))):
        assert not result.enough[0]
        assert result.log_e[0] == 0
