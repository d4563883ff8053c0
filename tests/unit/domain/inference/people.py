"""People one by one, so that sums can be compared with what is computed from everybody."""

from dataclasses import dataclass

import numpy as np

from streams.domain.inference.arms import Arm, Floats, arm_of_people


@dataclass(frozen=True)
class People:
    """Outcomes and covariates of an arm."""

    y: Floats
    x: Floats

    @property
    def arm(self) -> Arm:
        y, x = self.y, self.x
        return arm_of_people([(y.size, y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum())])


def people(count: int, mean: float, seed: int, slope: float = 0.0) -> People:
    """Normal outcomes, of which a part was to be foreseen; about a third of them 0."""
    rng = np.random.default_rng(seed)
    x = rng.exponential(size=count)
    y = (mean + slope * x + rng.normal(size=count)) * (rng.random(count) < 0.65)
    return People(y=y, x=x)


def rate(did: int, of: int) -> Arm:
    """An arm of a rate."""
    return arm_of_people([(of, did, did, 0, 0, 0)])
