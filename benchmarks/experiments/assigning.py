"""Whether a wrong split is found, and a right one left in peace."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.experiments.finding import Finding
from streams.domain.inference.arms import Floats
from streams.domain.inference.split import THRESHOLD, log_bayes_factor

_RIGHT = ((0.5, 0.5), (0.9, 0.1), (0.25, 0.25, 0.25, 0.25))


def wrong_splits(runs: int) -> Iterator[Finding]:
    """Looked at after every 200 people."""
    half = (0.5, 0.5)
    fine = _broken_at((0.505, 0.495), half, 200_000, runs)
    what = "50.5/49.5 where 50/50 was planned"
    yield Finding(what=f"{what}: found within 200,000 people", figure=_part(fine), least=80.0)
    yield Finding(what=f"{what}: half of the runs within", figure=float(np.quantile(fine, 0.5)), unit="people")
    coarse = _broken_at((0.6, 0.4), half, 20_000, runs)
    what = "60/40 where 50/50 was planned: 80 % of runs within"
    yield Finding(what=what, figure=float(np.quantile(coarse, 0.8)), unit="people")


def right_splits(runs: int, last: int = 1_000_000) -> Iterator[Finding]:
    """Looked at after every 1,000 people."""
    for planned in _RIGHT:
        alarms = _part(_broken_at(planned, planned, last, runs, batch=1_000))
        shares = "/".join(f"{100 * share:g}" for share in planned)
        yield Finding(what=f"{shares} as planned, {last:,} people: ever called broken", figure=alarms, most=1.0)


def _part(broken_at: Floats) -> float:
    return 100.0 * float(np.isfinite(broken_at).mean())


def _broken_at(true: Sequence[float], planned: Sequence[float], last: int, runs: int, batch: int = 200) -> Floats:
    """How many people each run had when its split was first called broken."""
    rng = np.random.default_rng(2026)
    counts = np.zeros((runs, len(true)))
    broken_at = np.full(runs, np.inf)
    for people in range(batch, last + 1, batch):
        counts += rng.multinomial(batch, true, size=runs)
        broken = log_bayes_factor(counts, np.broadcast_to(np.asarray(planned), counts.shape)) > -np.log(THRESHOLD)
        broken_at = np.where(broken, np.minimum(broken_at, people), broken_at)
    return broken_at
