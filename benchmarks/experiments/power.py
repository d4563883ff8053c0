"""What it costs to look at any time: people needed, beside a t-test that is looked at once, at its end."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.experiments.finding import Finding
from benchmarks.experiments.looking import Trial, looks
from benchmarks.experiments.shapes import Shape, foreseen_rate, rate
from streams.domain.inference.arms import Arm, Floats
from streams.domain.inference.comparing import compare_means
from streams.domain.inference.power import people_needed

_LONGEST = 5
"""How many times as many people as the t-test needs an experiment may run."""

RATES = ((0.20, 0.23), (0.20, 0.21), (0.20, 0.203))


def against_the_t_test(experiments: int) -> Iterator[Finding]:
    """For effects that a t-test finds with 80 % in so many people."""
    for baseline, treated in RATES:
        people = t_test_needs(baseline, treated)
        found_at = _found_at(rate(treated), rate(baseline), people, experiments)
        what = f"{100 * baseline:g} % to {100 * treated:g} %"
        yield Finding(what=f"{what}: a t-test finds 80 % with", figure=people, unit="people")
        yield Finding(what=f"{what}: found by then", figure=100.0 * float((found_at <= people).mean()))
        yield Finding(
            what=f"{what}: 80 % found with", figure=float(np.quantile(found_at, 0.8)) / people, unit="times as many"
        )
        stopped = float(np.minimum(found_at, _LONGEST * people).mean()) / people
        yield Finding(what=f"{what}: stopped when found, on average with", figure=stopped, unit="times as many")


def with_covariates(experiments: int) -> Iterator[Finding]:
    """What was done before explains a quarter of the variance: fewer people for the same."""
    baseline, treated = foreseen_rate(0.30, 0.50, 0.07), foreseen_rate(0.30, 0.51, 0.08)
    people = t_test_needs(0.199, 0.209)
    plain = np.quantile(_found_at(treated, baseline, people, experiments, adjusted=False), 0.8)
    adjusted = np.quantile(_found_at(treated, baseline, people, experiments), 0.8)
    yield Finding(
        what="adjusted by what they did before (CUPED): 80 % found with",
        figure=float(adjusted / plain),
        most=0.85,
        unit="times as many",
    )


def t_test_needs(baseline: float, treated: float) -> int:
    """People in both arms for a power of 80 % at 5 %, two-sided."""
    return people_needed(baseline, treated).looked_at_once


def _found_at(treated: Shape, baseline: Shape, people: int, experiments: int, *, adjusted: bool = True) -> Floats:
    """How many people each experiment had when 0 was first outside its interval; infinitely many if it never was."""
    found_at = np.full(experiments, np.inf)
    trial = Trial(
        treated=treated, baseline=baseline, experiments=experiments, last=_LONGEST * people, batch=max(people // 50, 50)
    )
    for ours, theirs in looks(trial):
        compared = compare_means(ours, theirs) if adjusted else compare_means(_without(ours), _without(theirs))
        found = compared.enough & ((compared.low > 0) | (compared.high < 0))
        found_at = np.where(found, np.minimum(found_at, compared.people), found_at)
    return found_at


def _without(arm: Arm) -> Arm:
    """The arm as if nobody knew what was before."""
    nothing = np.zeros_like(arm.n)
    return replace(arm, x=nothing, xx=nothing, xy=nothing)
