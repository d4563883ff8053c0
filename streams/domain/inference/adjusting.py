"""CUPED: outcomes less what could be foreseen from what people did before.

Deng, Xu, Kohavi & Walker, "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data"
(WSDM 2013). Whoever was assigned to which arm cannot have changed what was before, so this moves no effect; it takes
away noise, a part of the variance as large as the square of the correlation.
"""

from dataclasses import dataclass

import numpy as np

from streams.domain.inference.arms import Arm, Floats, ratio
from streams.domain.inference.enough import MIN_COVARIATES, positives

_ROUNDING = 1e-11
"""A variance that is a smaller part than this of the squares that it was taken from is what rounding left."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`mean`: of the arm, adjusted; comparable only with another by the same `theta`. `variance`: of that mean."""

    mean: Floats
    variance: Floats


def slope(treated: Arm, baseline: Arm) -> Floats:
    """Theta: by how much the outcome rises with the covariate, within the arms; 0 where too few people have one.

    Also 0 where the outcome is all foreseen, as for those who do each month what they did before: no variance would be
    left to judge by. Both arms have the same, so that which of them it was learnt from cannot move the effect.
    """
    shared = _product(treated.xy, treated.x, treated.y, treated.n) + _product(
        baseline.xy, baseline.x, baseline.y, baseline.n
    )
    spread = _squares(treated.xx, treated.x, treated.n) + _squares(baseline.xx, baseline.x, baseline.n)
    n, x, xx = treated.n + baseline.n, treated.x + baseline.x, treated.xx + baseline.xx
    theta = np.where(positives(n, x, xx) >= MIN_COVARIATES, ratio(shared, spread), 0.0)
    left = estimate(treated, theta).variance + estimate(baseline, theta).variance
    return np.where(left > 0, theta, 0.0)


def estimate(arm: Arm, theta: Floats) -> Estimate:
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
