"""Households and turfs: how much less their people tell."""

import numpy as np
import pytest

from streams.domain.inference.arms import Arm, arm_of_people
from streams.domain.inference.comparing import compare_means
from streams.domain.inference.estimation import GroupSums, split_design_effect, with_design_effects


def _grouped(alike: int, seed: int, groups: int = 128) -> tuple[Arm, GroupSums]:
    """20,000 people in clusters of `alike` that all do the same, a quarter of them."""
    rng = np.random.default_rng(seed)
    many = 20_000 // alike
    group, did = rng.integers(groups, size=many), rng.random(many) < 0.25
    n, y = np.zeros((1, groups)), np.zeros((1, groups))
    np.add.at(n[0], group, alike)
    np.add.at(y[0], group, alike * did)
    total = float(y.sum())
    return arm_of_people([(n.sum(), total, total, 0, 0, 0)]), GroupSums(n=n, y=y, x=np.zeros_like(n))


@pytest.mark.parametrize("alike", [2, 5])
def test_people_who_all_do_the_same_count_as_one(alike: int) -> None:
    (ours, our_groups), (theirs, their_groups) = _grouped(alike, seed=1), _grouped(alike, seed=2)
    deffs = [arm.deff[0] for arm in with_design_effects(ours, theirs, our_groups, their_groups)]
    assert deffs == pytest.approx([alike, alike], rel=0.35)


def test_people_who_were_assigned_alone_are_not_taken_for_more() -> None:
    (ours, our_groups), (theirs, their_groups) = _grouped(1, seed=5), _grouped(1, seed=6)
    for arm in with_design_effects(ours, theirs, our_groups, their_groups):
        assert 1 <= arm.deff[0] < 1.3
        assert arm.groups[0] == 128


def test_nothing_is_said_by_a_few_turfs() -> None:
    (ours, our_groups), (theirs, their_groups) = _grouped(1, seed=3, groups=29), _grouped(1, seed=4, groups=128)
    compared = compare_means(*with_design_effects(ours, theirs, our_groups, their_groups))
    assert not compared.enough[0]


def test_the_spread_of_people_who_are_assigned_in_twos_is_two() -> None:
    rng = np.random.default_rng(7)
    twos = 2.0 * rng.poisson(40, size=(50, 2, 128)).astype(np.float64)
    assert split_design_effect(twos).mean() == pytest.approx(2.0, rel=0.1)
    assert split_design_effect(twos / 2.0).mean() == pytest.approx(1.0, abs=0.1)


def test_a_split_that_is_wrong_everywhere_alike_is_not_explained_away() -> None:
    wrong = np.stack([np.full(128, 60.0), np.full(128, 40.0)])[None]
    assert split_design_effect(wrong)[0] == 1.0
