"""What is known of an arm, for many comparisons at once: sums over people, as arrays.

Sums are exact integers where they are kept; here they are floats, which hold the first 15 digits of them.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm of each of K comparisons; every array has the shape [K].

    `n`: people. `y`: the sum of their outcomes, `x`: of their covariates, `yy`, `xx` and `xy`: of squares and products.
    `deff`: by how much the variance of the mean is larger than if all people were independent, 1 where they are.
    `groups`: how many groups told that, infinitely many where each person is a unit.
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
        """How many independent people would tell as much."""
        return self.n / self.deff


def of_people(sums: ArrayLike) -> Arm:
    """An arm where each person is a unit. `sums`: [K, 6], the columns n, y, yy, x, xx and xy."""
    n, y, yy, x, xx, xy = np.asarray(sums, dtype=np.float64).reshape(-1, 6).T
    return Arm(n=n, y=y, yy=yy, x=x, xx=xx, xy=xy, deff=np.ones_like(n), groups=np.full_like(n, np.inf))


def ratio(above: Floats, below: Floats) -> Floats:
    """`above / below`, 0 where nothing can be divided by."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
