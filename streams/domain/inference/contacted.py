"""The effect of a variant on the people who were contacted: not everyone whose door is knocked is at home.

The complier average causal effect (Imbens & Angrist, Econometrica 62, 1994): assignment works through contact only. If
it is tau, then `outcome - tau * contacted` has the same mean in both arms. So the set of tau for which the always-valid
interval of that difference holds 0 covers the true one at every look, however weak the contact (Anderson & Rubin 1949;
Fieller 1954).
"""

from dataclasses import dataclass, replace

import numpy as np

from streams.domain.inference import boundary
from streams.domain.inference.arms import MIN_POSITIVES_CONTACTED, Arm, Bools, Floats, has_enough_data, ratio
from streams.domain.inference.comparing import TUNED_FOR, effective_sample_size, satterthwaite
from streams.domain.inference.estimation import GroupSums


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactedArm:
    """One arm of each of K comparisons with the people who were contacted; every array has the shape [K].

    `arm`: its outcomes. `d`: people who were contacted. `variance` and so on: of the mean outcome, of the part that was
    contacted, and the covariance of both.
    """

    arm: Arm
    d: Floats
    variance: Floats
    variance_d: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactedEffect:
    """The effect on the contacted of each of K comparisons; every array has the shape [K].

    `effect`: on one who was contacted because of the variant. `low`, `high`: hold at all looks together with the
    probability `level`; NaN where nothing bounds the effect, since it is not sure that the variant made contact at all.
    `rate`, `baseline_rate`: parts that were contacted. Where `enough` is false nothing may be said.
    """

    effect: Floats
    low: Floats
    high: Floats
    rate: Floats
    baseline_rate: Floats
    enough: Bools


def contacted_arm(arm: Arm, d: Floats, yd: Floats) -> ContactedArm:
    """An arm where each person is a unit."""
    scale = arm.n * (arm.n - 1.0)
    return ContactedArm(
        arm=arm,
        d=d,
        variance=ratio(np.maximum(arm.yy - arm.y * ratio(arm.y, arm.n), 0.0), scale),
        variance_d=ratio(np.maximum(d - d * ratio(d, arm.n), 0.0), scale),
        covariance=ratio(yd - arm.y * ratio(d, arm.n), scale),
    )


def contacted_arm_of_groups(arm: Arm, d: Floats, of_outcomes: GroupSums, of_contacts: GroupSums) -> ContactedArm:
    """An arm of households or turfs; `of_outcomes.y` and `of_contacts.y`: [K, G], by group.

    `arm` is one that `with_design_effects` made.
    """
    outcomes = of_outcomes.y - ratio(arm.y, arm.n)[:, None] * of_outcomes.n
    contacts = of_contacts.y - ratio(d, arm.n)[:, None] * of_outcomes.n
    scale, below = arm.groups, (arm.groups - 1.0) * arm.n**2
    return ContactedArm(
        arm=arm,
        d=d,
        variance=ratio(scale * (outcomes**2).sum(axis=1), below),
        variance_d=ratio(scale * (contacts**2).sum(axis=1), below),
        covariance=ratio(scale * (outcomes * contacts).sum(axis=1), below),
    )


def effect_on_contacted(
    treated: ContactedArm, baseline: ContactedArm, *, level: float = 0.95, tuned_for: int = TUNED_FOR
) -> ContactedEffect:
    """The effect on the contacted, with its always-valid interval; not adjusted by covariates.

    (y - tau d)^2 <= limit * (variance - 2 tau covariance + tau^2 variance_d), of differences, is a quadratic in tau.
    """
    y = ratio(treated.arm.y, treated.arm.n) - ratio(baseline.arm.y, baseline.arm.n)
    rate, baseline_rate = ratio(treated.d, treated.arm.n), ratio(baseline.d, baseline.arm.n)
    d = rate - baseline_rate
    reach = _limit(treated, baseline, level, tuned_for)
    square = d * d - reach * (treated.variance_d + baseline.variance_d)
    linear = y * d - reach * (treated.covariance + baseline.covariance)
    constant = y * y - reach * (treated.variance + baseline.variance)
    root = np.sqrt(np.maximum(linear * linear - square * constant, 0.0))
    bounded = square > 0
    return ContactedEffect(
        effect=_signed_ratio(y, d),
        low=np.where(bounded, ratio(linear - root, square), np.nan),
        high=np.where(bounded, ratio(linear + root, square), np.nan),
        rate=rate,
        baseline_rate=baseline_rate,
        enough=has_enough_data(treated.arm, baseline.arm, MIN_POSITIVES_CONTACTED)
        & has_enough_data(_contacts(treated), _contacts(baseline), MIN_POSITIVES_CONTACTED),
    )


def _limit(treated: ContactedArm, baseline: ContactedArm, level: float, tuned_for: int) -> Floats:
    people = effective_sample_size(treated.arm, baseline.arm)
    limit = boundary.squared_limit(level, people, boundary.rho2(level, tuned_for))
    degrees = satterthwaite(treated.arm, baseline.arm, treated.variance, baseline.variance)
    return boundary.as_student(limit, degrees)


def _contacts(reached: ContactedArm) -> Arm:
    return replace(reached.arm, y=reached.d, yy=reached.d)


def _signed_ratio(above: Floats, below: Floats) -> Floats:
    return np.sign(below) * ratio(above, np.abs(below))
