"""The effect on those who were at home, when many were not."""

from collections.abc import Iterator

import numpy as np

from benchmarks.experiments.finding import Finding
from benchmarks.experiments.looking import batches
from benchmarks.experiments.shapes import Counts
from streams.domain.inference.arms import Bools, Floats, arm_of_people
from streams.domain.inference.contacted import ContactedArm, ContactedEffect, contacted_arm, effect_on_contacted

_MOST = 5.0
_AT_HOME_VOTE, _OTHERS_VOTE = 0.60, 0.40
_LAST = 200_000


def reaching(experiments: int) -> Iterator[Finding]:
    """Of the treated some were spoken to, of the baseline nobody, and 5 in 100 of those vote who would not have."""
    for contact in (0.30, 0.03):
        missed, last = _looked_at(contact, 0.05, experiments)
        what = f"contacted {100 * contact:g} %, 5 points more of them vote"
        yield Finding(
            what=f"{what}: interval ever off the true effect", figure=100.0 * float(missed.mean()), most=_MOST
        )
        width = float(np.nanmedian(last.high - last.low))
        yield Finding(what=f"{what}: width of the interval at 200,000 people", figure=100.0 * width, unit="points")


def _looked_at(contact: float, effect: float, experiments: int) -> tuple[Bools, ContactedEffect]:
    rng = np.random.default_rng(2026)
    treated, baseline = np.zeros((4, experiments)), np.zeros((4, experiments))
    missed = np.zeros(experiments, dtype=np.bool_)
    for size in batches(1_000, _LAST):
        ours = rng.binomial(size, 0.5, size=experiments)
        treated += _knocked(rng, ours, contact, effect)
        baseline += _knocked(rng, size - ours, contact, None)
        now = effect_on_contacted(_reached(treated), _reached(baseline))
        missed |= now.enough & ((now.low > effect) | (now.high < effect))
    return missed, now


def _knocked(rng: np.random.Generator, people: Counts, contact: float, effect: float | None) -> Floats:
    """People, votes, contacts and votes of the contacted; without an effect nobody was spoken to."""
    home = rng.binomial(people, contact)
    others = rng.binomial(people - home, _OTHERS_VOTE)
    if effect is None:
        votes, nobody = rng.binomial(home, _AT_HOME_VOTE), np.zeros_like(home)
        return np.stack([people, votes + others, nobody, nobody]).astype(np.float64)
    votes = rng.binomial(home, _AT_HOME_VOTE + effect)
    return np.stack([people, votes + others, home, votes]).astype(np.float64)


def _reached(sums: Floats) -> ContactedArm:
    n, y, d, yd = sums
    nothing = np.zeros_like(n)
    return contacted_arm(arm_of_people(np.stack([n, y, y, nothing, nothing, nothing], axis=1)), d, yd)
