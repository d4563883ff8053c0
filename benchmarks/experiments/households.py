"""People who were assigned together and do the same: households of two, and turfs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.experiments.finding import Finding
from benchmarks.experiments.looking import batches
from streams.domain.contact.contribution import GROUPS
from streams.domain.inference.arms import Arm, Bools, Floats, arm_of_people
from streams.domain.inference.comparing import compare_means
from streams.domain.inference.estimation import GroupSums, split_design_effect, with_design_effects
from streams.domain.inference.split import THRESHOLD, log_bayes_factor

_MOST = 5.0
_RATE = 0.20
_ALIKE = 0.8
"""In so many households both do the same; in the rest each does as it likes."""

_LAST = 100_000

_TUNED_FOR_TURFS = 500
"""So that few turfs decide: the worst case."""

_AT_ONCE = 1_000


@dataclass(slots=True)
class _Household:
    """What one arm of each experiment holds so far, by group: households' people and outcomes."""

    n: Floats
    y: Floats

    def grow(self, rng: np.random.Generator, households: int) -> None:
        """So many households on average come, each to a group by chance."""
        came = rng.poisson(households / GROUPS, size=self.n.shape)
        alike = rng.binomial(came, _ALIKE)
        self.n += 2.0 * came
        self.y += 2.0 * rng.binomial(alike, _RATE) + rng.binomial(2 * (came - alike), _RATE)

    @property
    def arm(self) -> Arm:
        return arm_of_people(_rates(self.n.sum(axis=1), self.y.sum(axis=1)))

    @property
    def groups(self) -> GroupSums:
        return GroupSums(n=self.n, y=self.y, x=np.zeros_like(self.n))


def households_of_two(experiments: int) -> Iterator[Finding]:
    """A/A, a rate of 20 %: intervals with the design effect, and as if there were no households."""
    missed = [_looked_at(seed, min(_AT_ONCE, experiments)) for seed in range(max(experiments // _AT_ONCE, 1))]
    with_it, without, split, plain_split = (
        100.0 * float(np.concatenate(each).mean()) for each in zip(*missed, strict=True)
    )
    what = "A/A, households of two that do the same"
    yield Finding(what=f"{what}: ever a winner", figure=with_it, most=_MOST)
    yield Finding(what=f"{what}: ... if they were not taken together", figure=without)
    yield Finding(what=f"{what}: split ever called broken", figure=split, most=1.0)
    yield Finding(what=f"{what}: ... if they were not taken together", figure=plain_split)


def _looked_at(seed: int, experiments: int) -> tuple[Bools, Bools, Bools, Bools]:
    """Whether ever: a winner, a winner without design effects, a broken split, and one without regard to households."""
    rng = np.random.default_rng(seed)
    shape = (experiments, GROUPS)
    ours, theirs = (_Household(np.zeros(shape), np.zeros(shape)) for _ in range(2))
    ever = tuple(np.zeros(experiments, dtype=np.bool_) for _ in range(4))
    half = np.full((experiments, 2), 0.5)
    for size in batches(500, _LAST):
        ours.grow(rng, size // 4)
        theirs.grow(rng, size // 4)
        together = compare_means(*with_design_effects(ours.arm, theirs.arm, ours.groups, theirs.groups))
        counts = np.stack([ours.n, theirs.n], axis=1)
        ever[0][:] |= together.log_e >= np.log(20.0)
        ever[1][:] |= compare_means(ours.arm, theirs.arm).log_e >= np.log(20.0)
        ever[2][:] |= log_bayes_factor(counts.sum(axis=2), half, split_design_effect(counts)) > -np.log(THRESHOLD)
        ever[3][:] |= log_bayes_factor(counts.sum(axis=2), half) > -np.log(THRESHOLD)
    return ever[0], ever[1], ever[2], ever[3]


def turfs(experiments: int) -> Iterator[Finding]:
    """A/A: turfs of many people, with rates of their own, by the fewest groups from which anything is said."""
    for many in (40, 400):
        ever = _turfs_looked_at(many, experiments)
        yield Finding(
            what=f"A/A, {many} turfs in each arm: ever a winner", figure=100.0 * float(ever.mean()), most=_MOST
        )


def _turfs_looked_at(many: int, experiments: int) -> Bools:
    rng = np.random.default_rng(2026)
    group = rng.integers(GROUPS, size=(2, experiments, many))
    rates = rng.beta(4.0, 16.0, size=group.shape)
    n, y = np.zeros((2, experiments, GROUPS)), np.zeros((2, experiments, GROUPS))
    ever = np.zeros(experiments, dtype=np.bool_)
    where = (group + GROUPS * np.arange(2 * experiments).reshape(2, experiments, 1)).ravel()
    for size in batches(8 * many, 400 * many):
        came = rng.poisson(size / many / 2, size=group.shape)
        n += np.bincount(where, came.ravel(), n.size).reshape(n.shape)
        y += np.bincount(where, rng.binomial(came, rates).ravel(), n.size).reshape(n.shape)
        arms = [arm_of_people(_rates(n[arm].sum(axis=1), y[arm].sum(axis=1))) for arm in range(2)]
        groups = [GroupSums(n=n[arm], y=y[arm], x=np.zeros_like(n[arm])) for arm in range(2)]
        together = with_design_effects(arms[0], arms[1], groups[0], groups[1])
        ever |= compare_means(*together, tuned_for=_TUNED_FOR_TURFS).log_e >= np.log(20.0)
    return ever


def _rates(n: Floats, y: Floats) -> Floats:
    nothing = np.zeros_like(n)
    return np.stack([n, y, y, nothing, nothing, nothing], axis=1)
