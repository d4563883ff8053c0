"""Sums over the people of an arm, for many comparisons at once, and whether they are enough for an interval.

Sums are exact integers where they are kept; here they are floats, which hold the first 15 digits of them. From where on
an average of skewed figures is as good as normal was found by simulation, see docs/experiments.md.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Sums over the people of one arm of each of K comparisons; every array has the shape [K].

    `n`: people. `y`: the sum of their outcomes, `x`: of their covariates, `yy`, `xx` and `xy`: of squares and products.
    `deff`: the design effect, by which the variance of the mean is larger than if all people were independent; 1 where
    they are. `groups`: from how many groups it is known, infinitely many where each person is a unit.
    """

    n: Floats
    y: Floats
    yy: Floats
    x: Floats
    xx: Floats
    xy: Floats
    deff: Floats
    groups: Floats

    @property
    def people(self) -> Floats:
        """The effective number of people: how many independent ones would tell as much."""
        return self.n / self.deff


def arm_of_people(sums: ArrayLike) -> Arm:
    """The arm where each person is a unit. `sums`: [K, 6], the columns n, y, yy, x, xx and xy."""
    n, y, yy, x, xx, xy = np.asarray(sums, dtype=np.float64).reshape(-1, 6).T
    return Arm(n=n, y=y, yy=yy, x=x, xx=xx, xy=xy, deff=np.ones_like(n), groups=np.full_like(n, np.inf))


def ratio(above: Floats, below: Floats) -> Floats:
    """`above / below`, 0 where nothing can be divided by."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)


MIN_PEOPLE = 100
"""In each arm, counted as if independent."""

MIN_POSITIVES = 20
"""People with an outcome, and people without, whom the smaller arm would have if both were alike."""

MIN_POSITIVES_CONTACTED = 100
"""The same for the effect on the contacted, whose variances are as they are (see `variance_of_difference`)."""

MIN_COVARIATES = 100
"""People with a covariate, in both arms together."""

MIN_GROUPS = 30
"""Groups of households or turfs in each arm. Of fewer nobody can tell how far they differ."""


def effective_positives(n: Floats, y: Floats, yy: Floats) -> Floats:
    """The effective number (Kish) of people who make up a sum, or of those who are missing from it: the smaller one.

    Of a rate exactly the people with the outcome, or those without. Of amounts fewer than there are donors, the more so
    the more a few large gifts make up: it is what tells how far their mean is from normal.
    """
    carrying = np.minimum(ratio(y * y, yy), n)
    return np.minimum(carrying, n - carrying)


def has_enough_data(treated: Arm, baseline: Arm, least: float = MIN_POSITIVES) -> Bools:
    """Whether there are enough people, positives and groups to show an interval. `least`: positives.

    Positives are counted over both arms together, since to wait until one has them would be to look at the result.
    """
    n, y, yy = treated.n + baseline.n, treated.y + baseline.y, treated.yy + baseline.yy
    share = np.minimum(ratio(treated.n, n), ratio(baseline.n, n))
    expected = share * effective_positives(n, y, yy) / np.maximum(treated.deff, baseline.deff)
    people = np.minimum(treated.people, baseline.people)
    groups = np.minimum(treated.groups, baseline.groups)
    return (people >= MIN_PEOPLE) & (expected >= least) & (groups >= MIN_GROUPS)
