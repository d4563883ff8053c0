"""Experiments that grow batch by batch, and are looked at after every batch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.experiments.shapes import Counts, Shape
from streams.inference.arms import Arm, of_people


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`experiments` of one kind. `treated_share`: of the people; `last`: how many people each has at its last look.

    The first hundred batches are alike; then each makes it a twentieth more, as a long run would be looked at.
    """

    treated: Shape
    baseline: Shape
    experiments: int
    last: int
    treated_share: float = 0.5
    batch: int = 200
    seed: int = 2026


def looks(trial: Trial) -> Iterator[tuple[Arm, Arm]]:
    """Treated and baseline after each batch."""
    rng = np.random.default_rng(trial.seed)
    treated, baseline = np.zeros((trial.experiments, 6)), np.zeros((trial.experiments, 6))
    for size in batches(trial.batch, trial.last):
        ours: Counts = rng.binomial(size, trial.treated_share, size=trial.experiments)
        treated += trial.treated(rng, ours)
        baseline += trial.baseline(rng, size - ours)
        yield of_people(treated), of_people(baseline)


def batches(first: int, last: int) -> list[int]:
    """Sizes of batches up to `last` people."""
    sizes, people = [], 0
    while people < last:
        size = min(max(first, people // 20 if people >= 100 * first else 0), last - people)
        sizes.append(size)
        people += size
    return sizes
