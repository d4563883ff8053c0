"""A thousand experiments at once, of which a tenth have an effect: how many finds are false."""

from collections.abc import Iterator

import numpy as np

from benchmarks.experiments.finding import Finding
from benchmarks.experiments.looking import Trial, looks
from benchmarks.experiments.shapes import Counts, Shape, rate
from streams.domain.inference.arms import Floats
from streams.domain.inference.comparing import compare_means
from streams.domain.inference.multiple_testing import discoveries

EXPERIMENTS, WITH_EFFECT = 1_000, 100


def false_discoveries(runs: int) -> Iterator[Finding]:
    """At the look where most are false, averaged over runs; and what was found in the end."""
    outcomes = np.array([_run(seed) for seed in range(runs)])
    false, found = outcomes[:, 0].mean(axis=0), outcomes[:, 1].mean(axis=0)
    what = "1,000 experiments, 100 with 20 % to 22 %"
    yield Finding(what=f"{what}: false discoveries at the worst look", figure=100.0 * float(false.max()), most=10.0)
    yield Finding(what=f"{what}: found with 20,000 people each", figure=100.0 * float(found[found.size // 2 - 1]))
    yield Finding(what=f"{what}: found with 40,000 people each", figure=100.0 * float(found[-1]), least=80.0)


def _run(seed: int) -> tuple[list[float], list[float]]:
    """By look the part of the discoveries that is false, and the part of the effects that is found."""
    truth = np.arange(EXPERIMENTS) < WITH_EFFECT
    trial = Trial(
        treated=_first(rate(0.22), rate(0.20)),
        baseline=rate(0.20),
        experiments=EXPERIMENTS,
        last=40_000,
        batch=400,
        seed=seed,
    )
    false, found = [], []
    for treated, baseline in looks(trial):
        finds = discoveries(compare_means(treated, baseline).log_e)
        false.append(float((finds & ~truth).sum() / max(finds.sum(), 1)))
        found.append(float(finds[truth].mean()))
    return false, found


def _first(some: Shape, others: Shape) -> Shape:
    """`some` in the first experiments, `others` in the rest."""

    def draw(rng: np.random.Generator, people: Counts) -> Floats:
        return np.concatenate([some(rng, people[:WITH_EFFECT]), others(rng, people[WITH_EFFECT:])])

    return draw
