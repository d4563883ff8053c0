"""How far people who were assigned together resemble each other: households and turfs.

Random groups (Wolter, "Introduction to variance estimation", chapter 2): households are hashed into groups, and how far
the groups' totals differ tells the variance of a mean, whatever goes on inside a household.
"""

from dataclasses import dataclass, replace

import numpy as np

from streams.domain.inference.adjusting import estimate, slope
from streams.domain.inference.arms import Arm, Floats, ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Of one arm of each of K comparisons, by group: people, outcomes and covariates. Shape [K, G]."""

    n: Floats
    y: Floats
    x: Floats


def clustered(treated: Arm, baseline: Arm, of_treated: Groups, of_baseline: Groups) -> tuple[Arm, Arm]:
    """The arms, with their design effects and numbers of groups."""
    theta = slope(treated, baseline)
    return _clustered(treated, of_treated, theta), _clustered(baseline, of_baseline, theta)


def _clustered(arm: Arm, groups: Groups, theta: Floats) -> Arm:
    """A design effect below 1 is taken for 1: that much better than independent is luck."""
    used = (groups.n > 0).sum(axis=1).astype(np.float64)
    mean, before = ratio(arm.y, arm.n)[:, None], ratio(arm.x, arm.n)[:, None]
    residual = groups.y - mean * groups.n - theta[:, None] * (groups.x - before * groups.n)
    between = ratio(used * (residual**2).sum(axis=1), (used - 1.0) * arm.n**2)
    plain = estimate(replace(arm, deff=np.ones_like(arm.n)), theta).variance
    return replace(arm, deff=np.maximum(ratio(between, plain), 1.0), groups=used)


def spread(counts: Floats) -> Floats:
    """By how much counts of people by variant vary more than if each was assigned alone, at least 1. Shape [K].

    `counts`: [K, V, G], by variant and group. Pearson's statistic of homogeneity over its degrees of freedom; a split
    that is wrong in all groups alike does not raise it.
    """
    by_group, by_variant = counts.sum(axis=1, keepdims=True), counts.sum(axis=2, keepdims=True)
    expected = by_group * ratio(by_variant, by_variant.sum(axis=1, keepdims=True))
    statistic = ratio((counts - expected) ** 2, expected).sum(axis=(1, 2))
    degrees = ((by_group > 0).sum(axis=(1, 2)) - 1.0) * ((by_variant > 0).sum(axis=(1, 2)) - 1.0)
    return np.maximum(ratio(statistic, degrees), 1.0)
