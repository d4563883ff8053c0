"""What people do, drawn as sums over a batch of them in each of K experiments."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.domain.inference.arms import Floats

Counts: TypeAlias = NDArray[np.int64]
Shape: TypeAlias = Callable[[np.random.Generator, Counts], Floats]
"""Of so many people in each of K experiments the sums: [K, 6], as `arms.of_people` takes them."""

MOST = 500_000
"""Minor units: amounts above are winsorised."""


def rate(chance: float) -> Shape:
    """One in so many does it."""

    def draw(rng: np.random.Generator, people: Counts) -> Floats:
        did = rng.binomial(people, chance)
        nobody = np.zeros_like(people)
        return _sums(people, did, did, nobody, nobody, nobody)

    return draw


def foreseen_rate(past: float, chance_then: float, chance_else: float) -> Shape:
    """A part `past` has done it before, and does it again with another chance than the rest."""

    def draw(rng: np.random.Generator, people: Counts) -> Floats:
        before = rng.binomial(people, past)
        again = rng.binomial(before, chance_then)
        did = again + rng.binomial(people - before, chance_else)
        return _sums(people, did, did, before, before, again)

    return draw


def gifts(chance: float, spread: float = 1.2, times: float = 1.0) -> Shape:
    """One in so many gives: lognormal, 25.00 in the middle, winsorised. `times`: what every gift is multiplied by."""

    def draw(rng: np.random.Generator, people: Counts) -> Floats:
        givers = rng.binomial(people, chance)
        amounts = _amounts(rng.normal(size=givers.sum()), spread) * times
        nobody = np.zeros_like(people)
        return _sums(people, _by(givers, amounts), _by(givers, amounts**2), nobody, nobody, nobody)

    return draw


def foreseen_gifts(past: float, chance_then: float, chance_else: float) -> Shape:
    """A part `past` gave before, gives again with another chance, and about as much."""

    def draw(rng: np.random.Generator, people: Counts) -> Floats:
        before, shared = rng.binomial(people, past), 0.7
        habit = rng.normal(size=before.sum())
        x = _amounts(habit, 1.2)
        again = rng.random(habit.size) < chance_then
        known = _amounts(shared * habit + np.sqrt(1 - shared**2) * rng.normal(size=habit.size), 1.2) * again
        givers = rng.binomial(people - before, chance_else)
        new = _amounts(rng.normal(size=givers.sum()), 1.2)
        y = _by(before, known) + _by(givers, new)
        yy = _by(before, known**2) + _by(givers, new**2)
        return _sums(people, y, yy, _by(before, x), _by(before, x * x), _by(before, x * known))

    return draw


def _amounts(normal: Floats, spread: float) -> Floats:
    return np.minimum(np.round(2_500.0 * np.exp(spread * normal)), MOST)


def _by(counts: Counts, values: Floats) -> Floats:
    """Sums of consecutive values, so many for each experiment."""
    until = np.concatenate([[0.0], np.cumsum(values)])[np.cumsum(counts)]
    return np.diff(until, prepend=0.0)


def _sums(*columns: Counts | Floats) -> Floats:
    return np.stack([column.astype(np.float64) for column in columns], axis=1)
