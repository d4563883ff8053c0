"""How soon harm is seen, and how often it is seen where there is none."""

from collections.abc import Iterator

import numpy as np

from benchmarks.experiments.finding import Finding
from benchmarks.experiments.looking import Trial, looks
from benchmarks.experiments.shapes import rate
from streams.inference.arms import Floats
from streams.inference.harm import harm

_MOST = 5.0


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


def _trial(treated: float, baseline: float, share: float, experiments: int) -> Trial:
    return Trial(
        treated=rate(treated), baseline=rate(baseline), experiments=experiments, last=1_000_000, share=share, batch=500
    )


def _called_at(trial: Trial) -> Floats:
    called_at = np.full(trial.experiments, np.inf)
    for treated, baseline in looks(trial):
        called = harm(treated, baseline).log_e >= np.log(20.0)
        called_at = np.where(called, np.minimum(called_at, treated.n + baseline.n), called_at)
    return called_at


def _above(trial: Trial, truth: float) -> Floats:
    above_at = np.full(trial.experiments, np.inf)
    for treated, baseline in looks(trial):
        above = harm(treated, baseline).low > truth
        above_at = np.where(above, np.minimum(above_at, treated.n + baseline.n), above_at)
    return above_at


def _part(when: Floats) -> float:
    return 100.0 * float(np.isfinite(when).mean())
