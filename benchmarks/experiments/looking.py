"""Experiments that grow batch by batch, and are looked at after every batch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.experiments.shapes import Counts, Shape
from streams.domain.inference.arms import Arm, Bools, arm_of_people
from streams.domain.inference.comparing import TUNED_FOR, compare_means

_SLOW = 0.02
"""Of its share, what a treated arm gets that starts slowly, while the first tenth of the people come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`experiments` of one kind. `share`: of the treated; `last`: how many people each has at its last look.

    The first hundred batches are alike; then each makes it a twentieth more, as a long run would be looked at.
    """

    treated: Shape
    baseline: Shape
    experiments: int
    last: int
    share: float = 0.5
    batch: int = 200
    starts_slowly: bool = False
    seed: int = 2026


def looks(trial: Trial) -> Iterator[tuple[Arm, Arm]]:
    """Treated and baseline after each batch."""
    rng = np.random.default_rng(trial.seed)
    treated, baseline = np.zeros((trial.experiments, 6)), np.zeros((trial.experiments, 6))
    people = 0
    for size in batches(trial.batch, trial.last):
        slow = trial.starts_slowly and people < trial.last / 10
        ours: Counts = rng.binomial(size, trial.share * (_SLOW if slow else 1.0), size=trial.experiments)
        treated += trial.treated(rng, ours)
        baseline += trial.baseline(rng, size - ours)
        people += size
        yield arm_of_people(treated), arm_of_people(baseline)


def batches(first: int, last: int) -> list[int]:
    """Sizes of batches up to `last` people."""
    sizes, people = [], 0
    while people < last:
        size = min(max(first, people // 20 if people >= 100 * first else 0), last - people)
        sizes.append(size)
        people += size
    return sizes


def ever_missed(trial: Trial, truth: float = 0.0, tuned_for: int = TUNED_FOR) -> Bools:
    """Whether the 95 % interval of each experiment was off the true effect at any look.

    Where that is 0, it had a false winner.
    """
    missed = np.zeros(trial.experiments, dtype=np.bool_)
    for treated, baseline in looks(trial):
        compared = compare_means(treated, baseline, tuned_for=tuned_for)
        missed |= compared.enough & ((compared.low > truth) | (compared.high < truth))
    return missed
