"""Differences, beside what textbooks' formulas say of the same people."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from streams.domain.inference import boundary
from streams.domain.inference.arms import Arm, arm_of_people
from streams.domain.inference.comparing import TUNED_FOR, compare_means, effective_sample_size
from tests.unit.domain.inference.people import people, rate


def test_the_estimate_and_its_variance_are_those_of_welch() -> None:
    ours, theirs = (
        replace(sample, x=np.zeros_like(sample.y)) for sample in (people(4_000, 0.1, 1), people(6_000, 0.0, 2))
    )
    compared = compare_means(ours.arm, theirs.arm)
    welch = stats.ttest_ind(ours.y, theirs.y, equal_var=False)
    limit = boundary.squared_limit(0.95, np.array([9_600.0]), boundary.rho2(0.95, TUNED_FOR))
    half = np.sqrt(limit[0]) * compared.effect[0] / welch.statistic
    assert compared.effect[0] == pytest.approx(ours.y.mean() - theirs.y.mean())
    assert compared.high[0] - compared.effect[0] == pytest.approx(half, rel=5e-3)


def test_covariates_take_away_what_was_to_be_foreseen() -> None:
    ours, theirs = people(5_000, 0.0, seed=3, slope=2.0), people(5_000, 0.0, seed=4, slope=2.0)
    compared = compare_means(ours.arm, theirs.arm)
    x = np.concatenate([ours.x - ours.x.mean(), theirs.x - theirs.x.mean()])
    y = np.concatenate([ours.y - ours.y.mean(), theirs.y - theirs.y.mean()])
    theta = (x * y).sum() / (x * x).sum()
    assert compared.theta[0] == pytest.approx(theta)
    assert compared.effect[0] == pytest.approx((ours.y - theta * ours.x).mean() - (theirs.y - theta * theirs.x).mean())
    nothing = np.zeros(1)
    plain = compare_means(*(replace(arm, x=nothing, xx=nothing, xy=nothing) for arm in (ours.arm, theirs.arm)))
    assert compared.high - compared.low < 0.8 * (plain.high - plain.low)
    assert compared.raw_effect == plain.effect


def test_a_covariate_of_a_handful_of_people_adjusts_nothing() -> None:
    compared = compare_means(
        arm_of_people([(5_000, 600, 600, 40, 40, 30)]), arm_of_people([(5_000, 500, 500, 40, 40, 30)])
    )
    assert compared.theta[0] == 0
    assert compared.effect[0] == compared.raw_effect[0]


def test_an_arm_where_nobody_did_it_is_compared_once_enough_did_in_the_other() -> None:
    compared = compare_means(rate(400, of=5_000), rate(0, of=5_000))
    assert compared.enough[0]
    assert compared.low[0] > 0


@pytest.mark.parametrize(
    ("treated", "baseline"),
    [
        (rate(0, of=0), rate(300, of=1_000)),
        (rate(30, of=99), rate(300, of=1_000)),
        (rate(0, of=9_000), rate(0, of=9_000)),
        (rate(9_000, of=9_000), rate(9_000, of=9_000)),
        (rate(9_000, of=9_000), rate(0, of=9_000)),
        (rate(19, of=9_000), rate(19, of=9_000)),
        (rate(10, of=1_000), rate(1_000, of=100_000)),
    ],
    ids=["empty", "few", "nobody", "everybody", "no spread", "rare", "rare in a small arm"],
)
def test_nothing_is_said_of_too_few(treated: Arm, baseline: Arm) -> None:
    compared = compare_means(treated, baseline)
    assert not compared.enough[0]
    assert compared.log_e[0] == 0


def test_a_small_arm_with_no_case_by_luck_is_not_sure_of_it() -> None:
    """Its own variance is 0; what both arms say is that it cannot be."""
    lucky = compare_means(rate(0, of=2_500), rate(1_000, of=100_000))
    alone = np.sqrt(0.01 * 0.99 / 100_000)
    assert lucky.high[0] - lucky.effect[0] > 3 * 3 * alone


def test_evidence_grows_with_the_smaller_arm() -> None:
    """By the plain sum of people an arm that is late would be looked at far too often."""
    arms = arm_of_people([(n, 0, 0, 0, 0, 0) for n in (5_000, 100, 100_000)])
    others = arm_of_people([(n, 0, 0, 0, 0, 0) for n in (5_000, 1_000_000, 1_000_000)])
    assert effective_sample_size(arms, others) == pytest.approx([10_000, 400, 363_636], rel=1e-3)
