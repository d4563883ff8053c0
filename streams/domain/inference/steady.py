"""The variance of an arm of which little is known: not less than what both arms together make likely.

Gifts and rare acts are skewed: an arm that happens to hold few of them has a low mean and looks sure of it, so that
small arms beside large ones are found worse too often. Variances that are drawn towards the pooled one are known from
genetics (Smyth, "Linear models and empirical Bayes methods", 2004); here they are only ever raised, which cannot make
an interval too narrow. How much `_WEIGHT` has to be was found by simulation, see docs/experiments.md.
"""

import numpy as np

from streams.domain.inference.adjusting import Estimate
from streams.domain.inference.arms import Arm, Floats, ratio
from streams.domain.inference.enough import positives

_WEIGHT = 30.0
"""What both arms say of the variance counts as much as so many people with an outcome."""


def steady(treated: Arm, baseline: Arm, ours: Estimate, theirs: Estimate) -> Floats:
    """The variance of the difference of the means."""
    n, y, yy = treated.n + baseline.n, treated.y + baseline.y, treated.yy + baseline.yy
    pooled = ratio(ours.variance * treated.n**2 + theirs.variance * baseline.n**2, n)
    weight = ratio(_WEIGHT * n * np.maximum(treated.deff, baseline.deff), positives(n, y, yy))
    return _raised(treated.n, ours.variance, pooled, weight) + _raised(baseline.n, theirs.variance, pooled, weight)


def _raised(n: Floats, variance: Floats, pooled: Floats, weight: Floats) -> Floats:
    drawn = ratio(ratio(n * n * variance + weight * pooled, n + weight), n)
    return np.maximum(variance, drawn)
