"""How often an interval is ever wrong, over a long run that is looked at after every batch."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from scipy.stats import norm

from benchmarks.experiments.finding import Finding
from benchmarks.experiments.looking import Trial, ever_missed, looks
from benchmarks.experiments.shapes import Shape, foreseen_gifts, foreseen_rate, gifts, rate
from streams.domain.inference.arms import Floats
from streams.domain.inference.estimation import adjusted_mean

MOST = 5.0

KINDS: dict[str, tuple[Shape, int]] = {
    "a rate of 20 %": (rate(0.20), 1_000_000),
    "a rate of 20 %, foreseen by what they did before": (foreseen_rate(0.30, 0.50, 0.07), 1_000_000),
    "a rate of 0.5 %": (rate(0.005), 3_000_000),
    "a rate of 99 %": (rate(0.99), 1_000_000),
    "gifts by 3 % of people": (gifts(0.03), 200_000),
    "very unequal gifts by 1 % of people": (gifts(0.01, spread=1.7), 400_000),
    "gifts by 3 % of people, foreseen by gifts before": (foreseen_gifts(0.05, 0.25, 0.018), 100_000),
}
"""What people do, and how many people each experiment has in the end."""

SHARES = (0.5, 0.1, 0.9)

EFFECTS: dict[str, tuple[Shape, Shape, float, int]] = {
    "20 % to 22 %": (rate(0.22), rate(0.20), 0.02, 1_000_000),
    "0.5 % to 1 %": (rate(0.010), rate(0.005), 0.005, 3_000_000),
    "5 % to nobody": (rate(0.0), rate(0.05), -0.05, 1_000_000),
    "gifts a fifth larger": (gifts(0.03, times=1.2), gifts(0.03), 0.0, 200_000),
}
"""Treated, baseline, the true effect (0: told by a large sample) and how many people."""


def false_winners(
    experiments: int, kinds: Iterable[str] = tuple(KINDS), shares: Sequence[float] = SHARES
) -> Iterator[Finding]:
    """A/A: both arms are alike."""
    for what in kinds:
        shape, last = KINDS[what]
        for share in shares:
            trial = Trial(treated=shape, baseline=shape, experiments=experiments, last=last, share=share)
            yield _finding(f"A/A, {what}, treated {100 * share:g} %: ever a winner", trial)


def false_winners_after_a_slow_start(experiments: int) -> Iterator[Finding]:
    """A/A, where the treated arm at first gets one in a hundred."""
    shape, last = KINDS["a rate of 20 %"]
    trial = Trial(treated=shape, baseline=shape, experiments=experiments, last=last, starts_slowly=True)
    yield _finding("A/A, a rate of 20 %, the treated arm starts slowly: ever a winner", trial)


def false_winners_beside_a_small_arm(experiments: int) -> Iterator[Finding]:
    """A/A, where all but one in fifty are treated."""
    for what in ("a rate of 0.5 %", "gifts by 3 % of people"):
        shape, last = KINDS[what]
        trial = Trial(treated=shape, baseline=shape, experiments=experiments, last=5 * last, share=0.98, batch=1_000)
        yield _finding(f"A/A, {what}, treated 98 %: ever a winner", trial)


def false_winners_of_a_t_test(experiments: int) -> Iterator[Finding]:
    """What would come out if intervals were made for one look only."""
    shape, last = KINDS["a rate of 20 %"]
    ever = np.zeros(experiments, dtype=np.bool_)
    for treated, baseline in looks(Trial(treated=shape, baseline=shape, experiments=experiments, last=last)):
        theta = np.zeros(experiments)
        ours, theirs = adjusted_mean(treated, theta), adjusted_mean(baseline, theta)
        ever |= np.abs(ours.mean - theirs.mean) > norm.ppf(0.975) * np.sqrt(ours.variance + theirs.variance)
    what = "A/A, a rate of 20 %, treated 50 %: ever a winner by a t-test"
    yield Finding(what=what, figure=100.0 * float(ever.mean()))


def missed_effects(
    experiments: int, effects: Iterable[str] = tuple(EFFECTS), shares: Sequence[float] = SHARES
) -> Iterator[Finding]:
    """There is an effect, and the interval should hold it."""
    for what in effects:
        treated, baseline, effect, last = EFFECTS[what]
        truth = effect or mean(treated) - mean(baseline)
        for share in shares:
            trial = Trial(treated=treated, baseline=baseline, experiments=experiments, last=last, share=share)
            yield _finding(f"{what}, treated {100 * share:g} %: interval ever off the true effect", trial, truth)


def _finding(what: str, trial: Trial, truth: float = 0.0) -> Finding:
    return Finding(what=what, figure=100.0 * float(ever_missed(trial, truth).mean()), most=MOST)


def mean(shape: Shape) -> float:
    """What one person brings, told by a hundred million."""
    sums: Floats = shape(np.random.default_rng(1), np.full(100, 1_000_000))
    return float(sums[:, 1].sum() / sums[:, 0].sum())
