"""Means of arms and their variances: adjusted by what people did before, for households, and where little is known.

CUPED: outcomes less what could be foreseen from what people did before (Deng, Xu, Kohavi & Walker, "Improving the
sensitivity of online controlled experiments by utilizing pre-experiment data", WSDM 2013). Whoever was assigned to
which arm cannot have changed what was before, so this moves no effect; it takes away noise, a part of the variance as
large as the square of the correlation.

A floor under variances: gifts and rare acts are skewed, and an arm that happens to hold few of them has a low mean and
looks sure of it, so that small arms beside large ones are found worse too often. Variances that are drawn towards the
pooled one are known from genetics (Smyth, "Linear models and empirical Bayes methods", 2004); here they are only ever
raised, which cannot make an interval too narrow. How much `_WEIGHT` has to be was found by simulation, see
docs/experiments.md.

Design effects: how far people who were assigned together, in households and turfs, resemble each other. By random
groups (Wolter, "Introduction to variance estimation", chapter 2): households are hashed into groups, and how far the
groups' totals differ tells the variance of a mean, whatever goes on inside a household.
"""

from dataclasses import dataclass, replace

import numpy as np

from streams.domain.inference.arms import MIN_COVARIATES, Arm, Floats, effective_positives, ratio

_ROUNDING = 1e-11
"""A variance that is a smaller part than this of the squares that it was taken from is what rounding left."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The adjusted mean of an arm and the variance of that mean; comparable only with another by the same `theta`."""

    mean: Floats
    variance: Floats


def covariate_slope(treated: Arm, baseline: Arm) -> Floats:
    """Theta of CUPED: how much the outcome rises with the covariate within the arms; 0 where too few people have one.

    Also 0 where the outcome is all foreseen, as for those who do each month what they did before: no variance would be
    left to judge by. Both arms have the same, so that which of them it was learnt from cannot move the effect.
    """
    shared = _product(treated.xy, treated.x, treated.y, treated.n) + _product(
        baseline.xy, baseline.x, baseline.y, baseline.n
    )
    spread = _squares(treated.xx, treated.x, treated.n) + _squares(baseline.xx, baseline.x, baseline.n)
    n, x, xx = treated.n + baseline.n, treated.x + baseline.x, treated.xx + baseline.xx
    theta = np.where(effective_positives(n, x, xx) >= MIN_COVARIATES, ratio(shared, spread), 0.0)
    left = adjusted_mean(treated, theta).variance + adjusted_mean(baseline, theta).variance
    return np.where(left > 0, theta, 0.0)


def adjusted_mean(arm: Arm, theta: Floats) -> Estimate:
    """The adjusted mean and its variance, 0 where the arm holds fewer than two people or all are alike."""
    squares = _squares(arm.yy, arm.y, arm.n)
    shared = _product(arm.xy, arm.x, arm.y, arm.n)
    residual = squares - 2.0 * theta * shared + theta * theta * _squares(arm.xx, arm.x, arm.n)
    residual = np.where(residual > _ROUNDING * squares, residual, 0.0)
    variance = arm.deff * ratio(residual, arm.n * (arm.n - 1.0))
    return Estimate(ratio(arm.y, arm.n) - theta * ratio(arm.x, arm.n), variance)


def _squares(yy: Floats, y: Floats, n: Floats) -> Floats:
    """The sum of squares about the mean."""
    squares = yy - y * ratio(y, n)
    return np.where(squares > _ROUNDING * yy, squares, 0.0)


def _product(xy: Floats, x: Floats, y: Floats, n: Floats) -> Floats:
    return xy - x * ratio(y, n)


_WEIGHT = 30.0
"""What both arms say of the variance counts as much as so many people with an outcome."""


def variance_of_difference(treated: Arm, baseline: Arm, ours: Estimate, theirs: Estimate) -> Floats:
    """The variance of the difference of two means, each raised towards the pooled one where little is known."""
    n, y, yy = treated.n + baseline.n, treated.y + baseline.y, treated.yy + baseline.yy
    pooled = ratio(ours.variance * treated.n**2 + theirs.variance * baseline.n**2, n)
    weight = ratio(_WEIGHT * n * np.maximum(treated.deff, baseline.deff), effective_positives(n, y, yy))
    return _raised(treated.n, ours.variance, pooled, weight) + _raised(baseline.n, theirs.variance, pooled, weight)


def _raised(n: Floats, variance: Floats, pooled: Floats, weight: Floats) -> Floats:
    drawn = ratio(ratio(n * n * variance + weight * pooled, n + weight), n)
    return np.maximum(variance, drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSums:
    """Sums by group of one arm of each of K comparisons: people, outcomes and covariates. Shape [K, G]."""

    n: Floats
    y: Floats
    x: Floats


def with_design_effects(treated: Arm, baseline: Arm, of_treated: GroupSums, of_baseline: GroupSums) -> tuple[Arm, Arm]:
    """Two arms with their design effects and numbers of groups."""
    theta = covariate_slope(treated, baseline)
    return _clustered(treated, of_treated, theta), _clustered(baseline, of_baseline, theta)


def _clustered(arm: Arm, groups: GroupSums, theta: Floats) -> Arm:
    """An arm with its design effect; one below 1 is taken for 1, since better than independent is luck."""
    used = (groups.n > 0).sum(axis=1).astype(np.float64)
    mean, before = ratio(arm.y, arm.n)[:, None], ratio(arm.x, arm.n)[:, None]
    residual = groups.y - mean * groups.n - theta[:, None] * (groups.x - before * groups.n)
    between = ratio(used * (residual**2).sum(axis=1), (used - 1.0) * arm.n**2)
    plain = adjusted_mean(replace(arm, deff=np.ones_like(arm.n)), theta).variance
    return replace(arm, deff=np.maximum(ratio(between, plain), 1.0), groups=used)


def split_design_effect(counts: Floats) -> Floats:
    """By how much counts of people by variant vary more than if each was assigned alone, at least 1. Shape [K].

    `counts`: [K, V, G], by variant and group. Pearson's statistic of homogeneity over its degrees of freedom; a split
    that is wrong in all groups alike does not raise it.
    """
    by_group, by_variant = counts.sum(axis=1, keepdims=True), counts.sum(axis=2, keepdims=True)
    expected = by_group * ratio(by_variant, by_variant.sum(axis=1, keepdims=True))
    statistic = ratio((counts - expected) ** 2, expected).sum(axis=(1, 2))
    degrees = ((by_group > 0).sum(axis=(1, 2)) - 1.0) * ((by_variant > 0).sum(axis=(1, 2)) - 1.0)
    return np.maximum(ratio(statistic, degrees), 1.0)
