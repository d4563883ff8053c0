"""The difference between two arms, with an interval that may be looked at at any time."""

from dataclasses import dataclass

import numpy as np

from streams.domain.inference import boundary
from streams.domain.inference.arms import Arm, Bools, Floats, has_enough_data, ratio
from streams.domain.inference.estimation import adjusted_mean, covariate_slope, variance_of_difference

TUNED_FOR = 20_000
"""People in both arms for whom intervals are narrowest. From a tenth to ten times as many they are at most a quarter
wider than the narrowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanComparison:
    """The difference of means of each of K comparisons, in units of the outcome by person; arrays of the shape [K].

    Where `enough` is false nothing may be said: `log_e` is 0 and the other figures, finite though they are, mean
    nothing. `effect`: treated less baseline, adjusted by `theta` times the covariate; `raw_effect`: not adjusted.
    `low`, `high`: hold at all looks together with the probability `level`. `log_e`: logarithm of the e-value against no
    effect, now; it is at least log(1 / (1 - level)) exactly if 0 is outside `low` to `high`. `people`: in both arms.
    """

    effect: Floats
    low: Floats
    high: Floats
    log_e: Floats
    raw_effect: Floats
    people: Floats
    theta: Floats
    enough: Bools


def compare_means(treated: Arm, baseline: Arm, *, level: float = 0.95, tuned_for: int = TUNED_FOR) -> MeanComparison:
    """Compare means. `tuned_for`: people in both arms for whom to be narrowest, fixed before anything is known."""
    theta = covariate_slope(treated, baseline)
    ours, theirs = adjusted_mean(treated, theta), adjusted_mean(baseline, theta)
    effect, variance = ours.mean - theirs.mean, variance_of_difference(treated, baseline, ours, theirs)
    people, rho2 = effective_sample_size(treated, baseline), boundary.rho2(level, tuned_for)
    degrees = satterthwaite(treated, baseline, ours.variance, theirs.variance)
    z2 = boundary.as_normal(ratio(effect * effect, variance), degrees)
    reach = np.sqrt(boundary.as_student(boundary.squared_limit(level, people, rho2), degrees) * variance)
    sure = has_enough_data(treated, baseline) & (variance > 0)
    return MeanComparison(
        effect=effect,
        low=effect - reach,
        high=effect + reach,
        log_e=np.where(sure, boundary.log_e(z2, people, rho2), 0.0),
        raw_effect=ratio(treated.y, treated.n) - ratio(baseline.y, baseline.n),
        people=treated.n + baseline.n,
        theta=theta,
        enough=sure,
    )


def effective_sample_size(treated: Arm, baseline: Arm) -> Floats:
    """How many people in two equal arms would tell as much: the clock of the sequential test.

    With equal arms it is their sum, as in the source; of other proportions, also such as change while it runs, it is
    what information is proportional to, and estimates times information have independent increments (Scharfstein,
    Tsiatis & Robins, JASA 92, 1997). By the plain sum an arm that is late would be looked at too often.
    """
    return 4.0 * ratio(treated.people * baseline.people, treated.people + baseline.people)


def satterthwaite(treated: Arm, baseline: Arm, variance: Floats, baseline_variance: Floats) -> Floats:
    """Degrees of freedom of a difference's variance, infinite where each person is a unit (Satterthwaite 1946)."""
    grouped = np.isfinite(treated.groups) & np.isfinite(baseline.groups)
    first = np.where(grouped, np.maximum(treated.groups, 2.0) - 1.0, 1.0)
    second = np.where(grouped, np.maximum(baseline.groups, 2.0) - 1.0, 1.0)
    share = ratio(variance, variance + baseline_variance)
    return np.where(grouped, 1.0 / (share**2 / first + (1.0 - share) ** 2 / second), np.inf)
