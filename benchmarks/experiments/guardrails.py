"""How soon harm is seen, and how often it is seen where there is none."""

from collections.abc import Iterator

import numpy as np

from benchmarks.experiments.finding import Finding
from benchmarks.experiments.looking import Trial, looks
from benchmarks.experiments.shapes import rate
from streams.domain.inference.arms import Floats
from streams.domain.inference.harm import harm_log_e, harm_test
from streams.domain.inference.multiple_testing import guardrail_alert_threshold

_MOST = 5.0
_BREACHED = float(np.log(20.0))
TOGETHER = 1_000
"""Experiments that run at once, each with one variant beside the baseline."""
GUARDRAILS = 2
"""Of each: unsubscribes and complaints."""


_CHANCES, _SHARES = (0.001, 0.01), (0.5, 0.1)


def false_alarms(experiments: int) -> Iterator[Finding]:
    """Unsubscribes, as many in both arms."""
    for share in _SHARES:
        for chance in _CHANCES:
            called_at = _called_at(_trial(chance, chance, share, experiments))
            what = f"both {100 * chance:g} %, treated {100 * share:g} %: ever called harm"
            yield Finding(what=what, figure=_part(called_at), most=_MOST)


def alarms(experiments: int) -> Iterator[Finding]:
    """Twice as many unsubscribe."""
    for share in _SHARES:
        trial = _trial(0.004, 0.002, share, experiments)
        what = f"0.2 % to 0.4 %, treated {100 * share:g} %"
        yield Finding(what=f"{what}: low bound ever above the truth", figure=_part(_above(trial, 0.002)), most=_MOST)
        called_at = _called_at(trial)
        for part in (0.5, 0.9):
            people = float(np.quantile(called_at, part))
            yield Finding(what=f"{what}: {100 * part:g} % called harm with", figure=people, unit="people")


def false_alerts(runs: int) -> Iterator[Finding]:
    """A thousand experiments at once, without harm: in how many runs anybody is alerted, however long they run."""
    called, alerted = np.zeros((2, runs, TOGETHER), dtype=np.bool_)
    for number, chance in enumerate((0.002, 0.0002)):
        trial = _trial(chance, chance, 0.5, runs * TOGETHER, last=100_000, batch=1_000, seed=number)
        most = _most_evidence(trial).reshape(runs, TOGETHER)
        called |= most >= _BREACHED
        alerted |= most >= guardrail_alert_threshold(TOGETHER * GUARDRAILS)
    what = "1,000 experiments, none with harm"
    yield Finding(
        what=f"{what}: runs in which anybody is ever alerted",
        figure=100.0 * float(alerted.any(axis=1).mean()),
        most=_MOST,
    )
    yield Finding(what=f"{what}: ever called harm, each by itself", figure=100.0 * float(called.mean()))


def alerts(experiments: int) -> Iterator[Finding]:
    """Harm in one of a thousand experiments: how long it takes until somebody is alerted."""
    least = guardrail_alert_threshold(TOGETHER * GUARDRAILS)
    for treated, what, most in (
        (0.004, "0.2 % to 0.4 %", None),
        (0.01, "0.2 % to 1 %", None),
        (0.05, "0.2 % to 5 %", 2_000.0),
    ):
        trial = _trial(treated, 0.002, 0.5, experiments, last=1_000_000, batch=100)
        alone, among = _called_at(trial), _called_at(trial, least)
        yield Finding(what=f"{what}: 90 % called harm with", figure=float(np.quantile(alone, 0.9)), unit="people")
        yield Finding(
            what=f"{what}, among 1,000 experiments: 90 % alerted with",
            figure=float(np.quantile(among, 0.9)),
            unit="people",
            most=most,
        )


def _trial(  # noqa: PLR0913 (what is simulated)
    treated: float,
    baseline: float,
    share: float,
    experiments: int,
    *,
    last: int = 1_000_000,
    batch: int = 500,
    seed: int = 2026,
) -> Trial:
    return Trial(
        treated=rate(treated),
        baseline=rate(baseline),
        experiments=experiments,
        last=last,
        share=share,
        batch=batch,
        seed=seed,
    )


def _most_evidence(trial: Trial) -> Floats:
    most = np.zeros(trial.experiments)
    for treated, baseline in looks(trial):
        most = np.maximum(most, harm_log_e(treated, baseline))
    return most


def _called_at(trial: Trial, least: float = _BREACHED) -> Floats:
    called_at = np.full(trial.experiments, np.inf)
    for treated, baseline in looks(trial):
        called = harm_log_e(treated, baseline) >= least
        called_at = np.where(called, np.minimum(called_at, treated.n + baseline.n), called_at)
    return called_at


def _above(trial: Trial, truth: float) -> Floats:
    above_at = np.full(trial.experiments, np.inf)
    for treated, baseline in looks(trial):
        above = harm_test(treated, baseline).low > truth
        above_at = np.where(above, np.minimum(above_at, treated.n + baseline.n), above_at)
    return above_at


def _part(when: Floats) -> float:
    return 100.0 * float(np.isfinite(when).mean())
