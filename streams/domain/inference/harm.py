"""Guardrail test: whether a variant drives people away, while it is still going out. Exact, so a dozen cases may do.

Every unsubscription comes from one of the arms. If both had the same rate, it would come from the treated arm with the
chance q, the treated arm's share of the people, whatever the rate; with a rate that is r times as high, with the chance
rq / (rq + 1 - q). The e-value is the likelihood under a mixture of such r > 1, over that under r = 1: two rates
compared by which of them the cases come from (Przyborowski & Wilenski, Biometrika 31, 1940), made sequential by a
mixture (Lindon & Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022). Against a chance below q
it is smaller still, so it tests "not worse than the baseline".
"""

from dataclasses import dataclass

import numpy as np

from streams.domain.inference import boundary
from streams.domain.inference.arms import MIN_GROUPS, Arm, Bools, Floats, ratio

_TIMES = np.array([1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 12.0])
"""How many times as high a rate is looked for, all alike."""

_STEPS, _NEAR = 50, 1e-12
"""Towards the least chance, at most so many, and none that is shorter: a dozen are enough for any figures."""

_TUNED_FOR = 100
"""Cases for which the bound of the overall rate is narrowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmTest:
    """Whether the treated arm's rate is higher, of each of K comparisons; every array has the shape [K].

    `effect`: the difference of the rates. `low`: with the probability `level` it is never below that, at all looks
    together; -1 without a case, since nothing is known then. `times_low`: likewise how many times as high the treated
    arm's rate is at least, 0 if nothing can be said. `log_e`: logarithm of the e-value against "not higher", at least
    log(1 / (1 - level)) exactly if `low` is at least 0. `enough` is false where an arm is empty or told by too few
    groups; then `log_e` is 0 and the rest means nothing.
    """

    effect: Floats
    low: Floats
    times_low: Floats
    log_e: Floats
    enough: Bools


def harm_log_e(treated: Arm, baseline: Arm) -> Floats:
    """The `log_e` of `harm_test` alone."""
    share, sure = _share(treated, baseline)
    deff = np.maximum(treated.deff, baseline.deff)
    return np.where(sure, _log_e(treated.y / deff, (treated.y + baseline.y) / deff, share), 0.0)


def harm_test(treated: Arm, baseline: Arm, *, level: float = 0.95) -> HarmTest:
    """Test that the treated arm's rate of a 0-or-1 outcome is not higher."""
    n = treated.n + baseline.n
    share, sure = _share(treated, baseline)
    deff = np.maximum(treated.deff, baseline.deff)
    cases, all_cases = treated.y / deff, (treated.y + baseline.y) / deff
    chance = _least_chance(cases, np.maximum(cases, all_cases), -np.log(1.0 - level))
    effect = ratio(treated.y, treated.n) - ratio(baseline.y, baseline.n)
    least = ratio(treated.y + baseline.y, n) * (chance - share) / (share * (1.0 - share))
    return HarmTest(
        effect=effect,
        low=_unsure(effect, least, all_cases, level),
        times_low=chance / (1.0 - chance) * (1.0 - share) / share,
        log_e=harm_log_e(treated, baseline),
        enough=sure,
    )


def _share(treated: Arm, baseline: Arm) -> tuple[Floats, Bools]:
    """The treated arm's share of the people, and where there is enough to say anything."""
    groups = np.minimum(treated.groups, baseline.groups)
    sure = (treated.n > 0) & (baseline.n > 0) & (groups >= MIN_GROUPS)
    return np.where(sure, ratio(treated.n, treated.n + baseline.n), 0.5), sure


def _log_e(cases: Floats, all_cases: Floats, chance: Floats) -> Floats:
    """Evidence that cases come from the treated arm with more than this chance."""
    gain = _gain(cases, all_cases, chance)
    most = gain.max(axis=0)
    log_e: Floats = most + np.log(np.exp(gain - most).mean(axis=0))
    return log_e


def _gain(cases: Floats, all_cases: Floats, chance: Floats) -> Floats:
    """The same for each of the rates that are looked for. Shape [how many, K]."""
    gain: Floats = np.log(_TIMES)[:, None] * cases - np.log1p((_TIMES - 1.0)[:, None] * chance) * all_cases
    return gain


def _unsure(effect: Floats, least: Floats, all_cases: Floats, level: float) -> Floats:
    """The least difference, as the overall rate that it is a part of is not known exactly either; the sign stays.

    Squares of both distances add up: Zou & Donner, "Construction of confidence limits about effect measures"
    (Statistics in Medicine 27, 2008).
    """
    off = np.sqrt(ratio(boundary.squared_limit(level, all_cases, boundary.rho2(level, _TUNED_FOR)), all_cases))
    lower = effect - np.hypot(effect - least, effect * off)
    lower = np.where(least >= 0.0, np.maximum(lower, 0.0), lower)
    return np.where(all_cases > 0.0, lower, -1.0)


def _least_chance(cases: Floats, all_cases: Floats, evidence: float) -> Floats:
    """The least chance that is not refuted: the evidence falls as the chance that is tested rises.

    By Newton's steps from 0: the evidence is convex in the chance, so no step goes too far. Most have no case, and none
    to take.
    """
    least = np.zeros_like(cases)
    going = np.flatnonzero(cases > 0.0)
    for _ in range(_STEPS):
        if not going.size:
            break
        step = _step(cases[going], all_cases[going], least[going], evidence)
        going, step = going[step > _NEAR], step[step > _NEAR]
        least[going] += step
    return least


def _step(cases: Floats, all_cases: Floats, chance: Floats, evidence: float) -> Floats:
    """From a chance to where a straight line would have no more evidence than that; below 0 where it has less."""
    times = (_TIMES - 1.0)[:, None]
    gain = _gain(cases, all_cases, chance)
    most = gain.max(axis=0)
    weights = np.exp(gain - most)
    fall: Floats = all_cases * np.average(times / (1.0 + times * chance), axis=0, weights=weights)
    step: Floats = (most + np.log(weights.mean(axis=0)) - evidence) / fall
    return step
