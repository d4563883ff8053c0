"""Inference: what sums of people say, beside integrals and simulations."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.stats import norm

from benchmarks.experiments import assigning, errors, guardrails, households, many, power, reaching
from benchmarks.experiments.finding import Finding
from streams.domain.inference import boundary, split
from streams.domain.inference import harm as module
from streams.domain.inference.arms import Arm, arm_of_people
from streams.domain.inference.comparing import TUNED_FOR, compare_means, effective_sample_size
from streams.domain.inference.contacted import ContactedArm, contacted_arm, contacted_arm_of_groups, effect_on_contacted
from streams.domain.inference.estimation import GroupSums, split_design_effect, with_design_effects
from streams.domain.inference.harm import harm_test
from streams.domain.inference.power import LOOKED_AT_ANY_TIME, people_needed
from streams.domain.inference.split import log_bayes_factor
from tests.unit.domain.inference.people import people, rate


@pytest.mark.parametrize(("z", "people"), [(0.0, 500.0), (2.5, 2_000.0), (4.0, 80_000.0)])
def test_an_e_value_is_the_average_likelihood_over_normal_effects(z: float, people: float) -> None:
    spread = np.sqrt(1e-4)

    def weighed(effect: float) -> float:
        drift = effect * np.sqrt(people)
        return float(np.exp(z * drift - drift**2 / 2) * stats.norm.pdf(effect, scale=spread))

    average, _ = integrate.quad(weighed, -12 * spread, 12 * spread, points=[z / np.sqrt(people)], limit=200)
    log_e = boundary.log_e(np.array([z * z]), np.array([people]), spread**2)
    assert log_e[0] == pytest.approx(np.log(average), abs=1e-6)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_it_is_narrowest_for_the_people_that_it_is_tuned_for(level: float) -> None:
    people = np.array([20_000.0])
    tuned, early, late = (
        boundary.squared_limit(level, people, boundary.rho2(level, tuned_for))[0]
        for tuned_for in (20_000, 15_000, 27_000)
    )
    assert tuned < min(early, late)


def test_far_from_what_it_is_tuned_for_it_is_a_quarter_wider() -> None:
    rho2 = boundary.rho2(0.95, 20_000)
    narrowest, *others = np.sqrt(boundary.squared_limit(0.95, np.array([20_000.0, 2_000.0, 200_000.0]), rho2))
    assert max(others) < 1.26 * narrowest


@pytest.mark.parametrize("degrees", [30.0, 60.0, 254.0])
def test_few_groups_are_as_sure_as_students_law_says(degrees: float) -> None:
    t = np.array([2.0, 3.0, 4.0])
    z = np.sqrt(boundary.as_normal(t * t, np.full(3, degrees)))
    assert stats.norm.sf(z) == pytest.approx(stats.t.sf(t, degrees), rel=0.02)
    assert boundary.as_student(z * z, np.full(3, degrees)) == pytest.approx(t * t)


def _grouped(alike: int, seed: int, groups: int = 128) -> tuple[Arm, GroupSums]:
    """20,000 people in clusters of `alike` that all do the same, a quarter of them."""
    rng = np.random.default_rng(seed)
    many = 20_000 // alike
    group, did = rng.integers(groups, size=many), rng.random(many) < 0.25
    n, y = np.zeros((1, groups)), np.zeros((1, groups))
    np.add.at(n[0], group, alike)
    np.add.at(y[0], group, alike * did)
    total = float(y.sum())
    return arm_of_people([(n.sum(), total, total, 0, 0, 0)]), GroupSums(n=n, y=y, x=np.zeros_like(n))


@pytest.mark.parametrize("alike", [2, 5])
def test_people_who_all_do_the_same_count_as_one(alike: int) -> None:
    (ours, our_groups), (theirs, their_groups) = _grouped(alike, seed=1), _grouped(alike, seed=2)
    deffs = [arm.deff[0] for arm in with_design_effects(ours, theirs, our_groups, their_groups)]
    assert deffs == pytest.approx([alike, alike], rel=0.35)


def test_people_who_were_assigned_alone_are_not_taken_for_more() -> None:
    (ours, our_groups), (theirs, their_groups) = _grouped(1, seed=5), _grouped(1, seed=6)
    for arm in with_design_effects(ours, theirs, our_groups, their_groups):
        assert 1 <= arm.deff[0] < 1.3
        assert arm.groups[0] == 128


def test_nothing_is_said_by_a_few_turfs() -> None:
    (ours, our_groups), (theirs, their_groups) = _grouped(1, seed=3, groups=29), _grouped(1, seed=4, groups=128)
    compared = compare_means(*with_design_effects(ours, theirs, our_groups, their_groups))
    assert not compared.enough[0]


def test_the_spread_of_people_who_are_assigned_in_twos_is_two() -> None:
    rng = np.random.default_rng(7)
    twos = 2.0 * rng.poisson(40, size=(50, 2, 128)).astype(np.float64)
    assert split_design_effect(twos).mean() == pytest.approx(2.0, rel=0.1)
    assert split_design_effect(twos / 2.0).mean() == pytest.approx(1.0, abs=0.1)


def test_a_split_that_is_wrong_everywhere_alike_is_not_explained_away() -> None:
    wrong = np.stack([np.full(128, 60.0), np.full(128, 40.0)])[None]
    assert split_design_effect(wrong)[0] == 1.0


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


def _arm(n: int, d: int, y: int, yd: int) -> ContactedArm:
    return contacted_arm(arm_of_people([(n, y, y, 0, 0, 0)]), np.array([float(d)]), np.array([float(yd)]))


def test_its_interval_holds_every_effect_that_would_make_the_arms_alike() -> None:
    treated, baseline = _arm(20_000, 6_000, 9_300, 3_900), _arm(20_000, 300, 9_000, 190)
    result = effect_on_contacted(treated, baseline)
    tau = np.linspace(-0.5, 0.7, 120_001)
    mean, variance = np.zeros_like(tau), np.zeros_like(tau)
    for sign, n, d, y, yd in ((1, 20_000, 6_000, 9_300, 3_900), (-1, 20_000, 300, 9_000, 190)):
        total, squares = y - tau * d, y - 2 * tau * yd + tau**2 * d
        mean += sign * total / n
        variance += (squares / n - (total / n) ** 2) / (n - 1)
    limit = boundary.squared_limit(0.95, np.array([40_000.0]), boundary.rho2(0.95, TUNED_FOR))
    inside = tau[mean**2 <= limit * variance]
    assert result.enough[0]
    assert (result.low[0], result.high[0]) == pytest.approx((inside.min(), inside.max()), abs=2e-5)
    assert result.effect[0] == pytest.approx((9_300 - 9_000) / (6_000 - 300))
    assert (result.rate[0], result.baseline_rate[0]) == (0.3, 0.015)


def test_nothing_bounds_it_where_the_variant_hardly_made_contact() -> None:
    result = effect_on_contacted(_arm(5_000, 520, 2_400, 260), _arm(5_000, 500, 2_300, 250))
    assert np.isnan(result.low[0])
    assert np.isnan(result.high[0])


def test_no_contact_in_either_arm_is_not_enough() -> None:
    assert not effect_on_contacted(_arm(5_000, 0, 2_400, 0), _arm(5_000, 0, 2_300, 0)).enough[0]


def test_households_that_do_the_same_widen_it() -> None:
    rng = np.random.default_rng(5)

    def arm(contact: float) -> tuple[ContactedArm, tuple[GroupSums, GroupSums]]:
        many = 10_000
        home = (rng.random(many) < contact) * 2.0
        votes = (rng.random(many) < 0.4 + 0.2 * (home > 0)) * 2.0
        group = rng.integers(128, size=many)
        n, y, d = (
            np.bincount(group, weights=w, minlength=128).astype(np.float64)[None]
            for w in (np.full(many, 2.0), votes, home)
        )
        sums = arm_of_people([(n.sum(), y.sum(), y.sum(), 0, 0, 0)])
        total, both = np.array([home.sum()]), np.array([np.minimum(home, votes).sum()])
        nothing = np.zeros_like(n)
        groups = GroupSums(n=n, y=y, x=nothing), GroupSums(n=n, y=d, x=nothing)
        return contacted_arm(sums, total, both), groups

    (ours, our_groups), (theirs, their_groups) = arm(0.5), arm(0.0)
    arms = with_design_effects(ours.arm, theirs.arm, our_groups[0], their_groups[0])
    together = effect_on_contacted(
        contacted_arm_of_groups(arms[0], ours.d, *our_groups), contacted_arm_of_groups(arms[1], theirs.d, *their_groups)
    )
    alone = effect_on_contacted(ours, theirs)
    assert together.effect == alone.effect
    wider = (together.high - together.low) / (alone.high - alone.low)
    assert wider[0] == pytest.approx(np.sqrt(2.0), rel=0.25)


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


SHORT = {
    "rare": errors.false_winners(500, ["a rate of 0.5 %"], [0.1]),
    "gifts": errors.false_winners(500, ["gifts by 3 % of people"], [0.1]),
    "foreseen": errors.false_winners(500, ["a rate of 20 %, foreseen by what they did before"], [0.5]),
    "slow": errors.false_winners_after_a_slow_start(500),
    "covered": errors.missed_effects(500, ["20 % to 22 %"], [0.5]),
    "covariates": power.with_covariates(200),
    "many": many.false_discoveries(1),
    "wrong splits": assigning.wrong_splits(200),
    "right splits": assigning.right_splits(300, last=100_000),
    "households": households.households_of_two(100),
    "turfs": households.turfs(100),
    "harm": guardrails.false_alarms(200),
    "alerts": guardrails.false_alerts(30),
    "disasters": guardrails.alerts(100),
    "reaching": reaching.reaching(300),
}


@pytest.mark.parametrize("findings", SHORT.values(), ids=SHORT)
def test_what_is_promised_is_kept(findings: Iterator[Finding]) -> None:
    found = list(findings)
    assert any(finding.promise for finding in found)
    assert [finding.row for finding in found if not finding.kept] == []


def test_it_is_the_likelihood_of_unplanned_over_that_of_planned_proportions() -> None:
    counts, planned = np.array([410, 330, 260]), np.array([0.4, 0.4, 0.2])
    plain = stats.multinomial.logpmf(counts, 1_000, planned)
    fine, coarse = (
        stats.dirichlet_multinomial.logpmf(counts, c * planned, np.array(1_000)) for c in (split.FINE, split.COARSE)
    )
    expected = np.log(0.9 * np.exp(fine - plain) + 0.1 * np.exp(coarse - plain))
    assert log_bayes_factor(counts[None].astype(float), planned[None])[0] == pytest.approx(expected)


def test_variants_that_an_experiment_has_not_got_say_nothing() -> None:
    both = log_bayes_factor(np.array([[60.0, 40.0, 0.0]]), np.array([[0.5, 0.5, 0.0]]))
    assert both == pytest.approx(log_bayes_factor(np.array([[60.0, 40.0]]), np.array([[0.5, 0.5]])))


def test_nobody_is_no_evidence() -> None:
    assert log_bayes_factor(np.zeros((1, 2)), np.full((1, 2), 0.5))[0] == pytest.approx(0.0)


def test_households_of_two_are_half_the_evidence() -> None:
    people, planned = np.array([[1_300.0, 700.0]]), np.array([[0.5, 0.5]])
    assert log_bayes_factor(people, planned, np.array([2.0])) == pytest.approx(log_bayes_factor(people / 2, planned))
