"""The effect on the contacted, beside a search for it."""

import numpy as np
import pytest

from streams.domain.inference import boundary
from streams.domain.inference.arms import arm_of_people
from streams.domain.inference.comparing import TUNED_FOR
from streams.domain.inference.contacted import ContactedArm, contacted_arm, contacted_arm_of_groups, effect_on_contacted
from streams.domain.inference.estimation import GroupSums, with_design_effects


def _arm(n: int, d: int, y: int, yd: int) -> ContactedArm:
    return contacted_arm(arm_of_people([(n, y, y, 0, 0, 0)]), np.array([float(d)]), np.array([float(yd)]))


def test_its_interval_holds_every_effect_that_would_make_the_arms_alike() -> None:
    treated, baseline = _arm(20_000, 6_000, 9_300, 3_900), _arm(20_000, 300, 9_000, 190)
    result = effect_on_contacted(treated, baseline)
    tau = np.linspace(-0.5, 0.7, 120_001)
    mean, variance = np.zeros_like(tau), np.zeros_like(tau)
    for sign, n, d, y, yd in ((1, 20_000, 6_000, 9_300, 3_900), (-1, 20_000, 300, 9_000, 190)):
        total, squares = y - tau * d, y - 2 * tau * yd + tau**2 * d
        mean += sign * total / n
        variance += (squares / n - (total / n) ** 2) / (n - 1)
    limit = boundary.squared_limit(0.95, np.array([40_000.0]), boundary.rho2(0.95, TUNED_FOR))
    inside = tau[mean**2 <= limit * variance]
    assert result.enough[0]
    assert (result.low[0], result.high[0]) == pytest.approx((inside.min(), inside.max()), abs=2e-5)
    assert result.effect[0] == pytest.approx((9_300 - 9_000) / (6_000 - 300))
    assert (result.rate[0], result.baseline_rate[0]) == (0.3, 0.015)


def test_nothing_bounds_it_where_the_variant_hardly_made_contact() -> None:
    result = effect_on_contacted(_arm(5_000, 520, 2_400, 260), _arm(5_000, 500, 2_300, 250))
    assert np.isnan(result.low[0])
    assert np.isnan(result.high[0])


def test_no_contact_in_either_arm_is_not_enough() -> None:
    assert not effect_on_contacted(_arm(5_000, 0, 2_400, 0), _arm(5_000, 0, 2_300, 0)).enough[0]


def test_households_that_do_the_same_widen_it() -> None:
    rng = np.random.default_rng(5)

    def arm(contact: float) -> tuple[ContactedArm, tuple[GroupSums, GroupSums]]:
        many = 10_000
        home = (rng.random(many) < contact) * 2.0
        votes = (rng.random(many) < 0.4 + 0.2 * (home > 0)) * 2.0
        group = rng.integers(128, size=many)
        n, y, d = (
            np.bincount(group, weights=w, minlength=128).astype(np.float64)[None]
            for w in (np.full(many, 2.0), votes, home)
        )
        sums = arm_of_people([(n.sum(), y.sum(), y.sum(), 0, 0, 0)])
        total, both = np.array([home.sum()]), np.array([np.minimum(home, votes).sum()])
        nothing = np.zeros_like(n)
        groups = GroupSums(n=n, y=y, x=nothing), GroupSums(n=n, y=d, x=nothing)
        return contacted_arm(sums, total, both), groups

    (ours, our_groups), (theirs, their_groups) = arm(0.5), arm(0.0)
    arms = with_design_effects(ours.arm, theirs.arm, our_groups[0], their_groups[0])
    together = effect_on_contacted(
        contacted_arm_of_groups(arms[0], ours.d, *our_groups), contacted_arm_of_groups(arms[1], theirs.d, *their_groups)
    )
    alone = effect_on_contacted(ours, theirs)
    assert together.effect == alone.effect
    wider = (together.high - together.low) / (alone.high - alone.low)
    assert wider[0] == pytest.approx(np.sqrt(2.0), rel=0.25)
