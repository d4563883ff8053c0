"""What holds of every comparison, whatever people did."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.domain.inference.arms import Arm, Floats, arm_of_people
from streams.domain.inference.boundary import always_valid_p
from streams.domain.inference.comparing import MeanComparison, compare_means
from streams.domain.inference.contacted import contacted_arm, effect_on_contacted
from streams.domain.inference.estimation import GroupSums, split_design_effect, with_design_effects
from streams.domain.inference.harm import harm_test
from streams.domain.inference.multiple_testing import discoveries
from streams.domain.inference.split import log_bayes_factor

ALIKE = st.tuples(st.integers(-300, 1_000), st.integers(0, 500), st.integers(1, 20_000))
"""An outcome, a covariate, and how many people have both."""

Row = tuple[int, int, int, int, int, int]


def _row(kinds: list[tuple[int, int, int]]) -> Row:
    return (
        sum(count for _, _, count in kinds),
        sum(count * y for y, _, count in kinds),
        sum(count * y * y for y, _, count in kinds),
        sum(count * x for _, x, count in kinds),
        sum(count * x * x for _, x, count in kinds),
        sum(count * x * y for y, x, count in kinds),
    )


ROWS = st.lists(ALIKE, max_size=4).map(lambda kinds: _row([*kinds, (0, 0, 200)]))
PAIRS = st.lists(st.tuples(ROWS, ROWS), min_size=1, max_size=5)
HUGE = st.integers(0, 10**18)
ANY_ROW = st.one_of(
    st.just((0, 0, 0, 0, 0, 0)),
    st.tuples(st.integers(0, 5), *(st.integers(0, 5) for _ in range(5))),
    st.tuples(HUGE, HUGE, HUGE, HUGE, HUGE, HUGE),
    st.tuples(HUGE, HUGE.map(lambda y: -y), HUGE, HUGE, HUGE, HUGE),
    st.integers(0, 10**9).map(lambda n: (n, 3 * n, 9 * n, 7 * n, 49 * n, 21 * n)),
)


def _arms(pairs: list[tuple[Row, Row]]) -> tuple[Arm, Arm]:
    return arm_of_people([ours for ours, _ in pairs]), arm_of_people([theirs for _, theirs in pairs])


def _scaled(arm: Arm, outcome: float, covariate: float, people: float = 1.0) -> Arm:
    return replace(
        arm,
        n=arm.n * people,
        y=arm.y * people * outcome,
        yy=arm.yy * people * outcome**2,
        x=arm.x * people * covariate,
        xx=arm.xx * people * covariate**2,
        xy=arm.xy * people * outcome * covariate,
    )


def _near(first: Floats, second: Floats, size: Floats | float) -> bool:
    return bool(np.all(np.abs(first - second) <= 1e-6 * (np.abs(size) + 1e-12)))


def _size(compared: MeanComparison) -> Floats:
    return np.abs(compared.low) + np.abs(compared.high) + np.abs(compared.raw_effect)


@given(PAIRS)
def test_swapped_arms_have_the_opposite_effect(pairs: list[tuple[Row, Row]]) -> None:
    treated, baseline = _arms(pairs)
    there, back = compare_means(treated, baseline), compare_means(baseline, treated)
    assert _near(there.effect, -back.effect, _size(there))
    assert _near(there.low, -back.high, _size(there))
    assert _near(there.log_e, back.log_e, 1 + there.log_e)
    assert np.array_equal(there.enough, back.enough)


@given(PAIRS, st.data())
def test_each_comparison_is_by_itself(pairs: list[tuple[Row, Row]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(pairs))))
    here, there = compare_means(*_arms(pairs)), compare_means(*_arms([pairs[place] for place in order]))
    assert np.array_equal(here.low[order], there.low)
    assert np.array_equal(here.log_e[order], there.log_e)


@given(st.lists(st.tuples(st.sampled_from((0, 1)), ROWS), min_size=2, max_size=8), st.data())
def test_cells_may_be_added_in_any_order(cells: list[tuple[int, Row]], data: st.DataObject) -> None:
    def arms(cells: list[tuple[int, Row]]) -> tuple[Arm, Arm]:
        totals = [[0] * 6, [0] * 6]
        for arm, row in cells:
            totals[arm] = [one + other for one, other in zip(totals[arm], row, strict=True)]
        return arm_of_people(totals[:1]), arm_of_people(totals[1:])

    here, there = compare_means(*arms(cells)), compare_means(*arms(data.draw(st.permutations(cells))))
    assert here.low == there.low
    assert here.log_e == there.log_e


@given(PAIRS, st.floats(0.01, 100.0), st.floats(0.01, 100.0))
def test_units_do_not_matter(pairs: list[tuple[Row, Row]], outcome: float, covariate: float) -> None:
    treated, baseline = _arms(pairs)
    here = compare_means(treated, baseline)
    there = compare_means(_scaled(treated, outcome, covariate), _scaled(baseline, outcome, covariate))
    assert _near(there.effect, outcome * here.effect, outcome * _size(here))
    assert _near(there.high, outcome * here.high, outcome * _size(here))
    assert _near(there.log_e, here.log_e, 1 + here.log_e)


@example([((200, 0, 0, 0, 0, 0), (245, 45, 45, 45, 45, 45))], 3)
@given(PAIRS, st.integers(2, 50))
def test_more_of_the_same_people_are_surer(pairs: list[tuple[Row, Row]], times: int) -> None:
    treated, baseline = _arms(pairs)
    few, many = (
        compare_means(treated, baseline),
        compare_means(_scaled(treated, 1, 1, times), _scaled(baseline, 1, 1, times)),
    )
    assert np.all(many.high - many.low <= few.high - few.low)
    assert np.all(many.enough | ~few.enough)


@given(
    PAIRS, st.sampled_from((0.8, 0.95, 0.99)), st.sampled_from((200, 20_000)), st.sampled_from((np.inf, 31.0, 128.0))
)
def test_an_e_value_reaches_one_over_alpha_exactly_where_the_interval_leaves_zero(
    pairs: list[tuple[Row, Row]], level: float, tuned_for: int, groups: float
) -> None:
    treated, baseline = (replace(arm, groups=np.full_like(arm.n, groups)) for arm in _arms(pairs))
    compared = compare_means(treated, baseline, level=level, tuned_for=tuned_for)
    margin = compared.log_e + np.log(1 - level)
    clear = compared.enough & (np.abs(margin) > 1e-6)
    outside = (compared.low > 0) | (compared.high < 0)
    assert np.array_equal(outside[clear], margin[clear] > 0)
    assert np.all(compared.log_e[~compared.enough] == 0)


@given(PAIRS, st.floats(1.0, 5.0))
def test_a_design_effect_makes_unsure_and_one_changes_nothing(pairs: list[tuple[Row, Row]], deff: float) -> None:
    treated, baseline = _arms(pairs)
    alone = compare_means(treated, baseline)
    together = compare_means(*(replace(arm, deff=arm.deff * deff) for arm in (treated, baseline)))
    assert np.all(together.high - together.low >= (alone.high - alone.low) * (1 - 1e-9))
    one = compare_means(
        *(replace(arm, deff=np.ones_like(arm.n), groups=np.full_like(arm.n, 1e9)) for arm in (treated, baseline))
    )
    assert _near(one.low, alone.low, _size(alone))


@given(st.lists(st.tuples(ANY_ROW, ANY_ROW), min_size=1, max_size=4))
def test_whatever_the_sums_are_every_figure_is_finite(pairs: list[tuple[Row, Row]]) -> None:
    treated, baseline = _arms(pairs)
    grouped = tuple(replace(arm, groups=np.full_like(arm.n, 2.0)) for arm in (treated, baseline))
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        for compared in (compare_means(treated, baseline), compare_means(*grouped)):
            for figure in (compared.effect, compared.low, compared.high, compared.log_e, compared.raw_effect):
                assert np.all(np.isfinite(figure))
        people = np.maximum(np.stack([treated.n, baseline.n], axis=1), 0.0)
        assert np.all(np.isfinite(log_bayes_factor(people, np.full(people.shape, 0.5))))


@example([(1, 0, 1, 0)])
@given(st.lists(st.tuples(*(st.integers(0, 10**6) for _ in range(4))), min_size=1, max_size=5))
def test_harm_is_finite_and_its_bound_is_above_zero_exactly_where_its_e_value_is_large(
    counts: list[tuple[int, int, int, int]],
) -> None:
    treated = arm_of_people([(n, min(y, n), min(y, n), 0, 0, 0) for n, y, _, _ in counts])
    baseline = arm_of_people([(n, min(y, n), min(y, n), 0, 0, 0) for _, _, n, y in counts])
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        result = harm_test(treated, baseline)
    for figure in (result.effect, result.low, result.times_low, result.log_e):
        assert np.all(np.isfinite(figure))
    clear = result.enough & (np.abs(result.log_e - np.log(20.0)) > 1e-6)
    assert np.array_equal((result.low >= 0)[clear], (result.log_e >= np.log(20.0))[clear])
    assert np.array_equal((result.times_low >= 1)[clear], (result.log_e >= np.log(20.0))[clear])
    assert np.all(result.low <= result.effect + 1e-9)


@given(st.lists(st.floats(-50.0, 50.0), max_size=40), st.sampled_from((0.05, 0.1, 0.5)))
def test_finds_are_those_of_the_definition(log_e: list[float], level: float) -> None:
    found = discoveries(np.array(log_e), level)
    ranked = sorted(log_e, reverse=True)
    most = max((k for k in range(1, len(ranked) + 1) if np.exp(ranked[k - 1]) >= len(ranked) / (k * level)), default=0)
    assert found.sum() == most
    assert sorted(np.array(log_e)[found], reverse=True) == ranked[:most]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.lists(st.floats(0.0, 10.0), min_size=1))
def test_p_values_are_between_0_and_1_and_fall_with_the_evidence(log_e: list[float], more: list[float]) -> None:
    before = np.array(log_e)
    p, then = always_valid_p(before), always_valid_p(before + more[0])
    assert np.all((p >= 0) & (p <= 1) & (then <= p))


@given(st.lists(st.lists(st.integers(0, 1_000), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_split_into_fewer_variants_is_the_same_beside_empty_ones(counts: list[list[int]]) -> None:
    people, planned = np.array(counts, dtype=np.float64), np.array([0.5, 0.3, 0.2])
    padded = np.concatenate([people, np.full((len(counts), 2), 7.0)], axis=1)
    wider = np.concatenate([planned, [0.0, 0.0]])
    here = log_bayes_factor(people, np.broadcast_to(planned, people.shape))
    assert here == pytest.approx(log_bayes_factor(padded, np.broadcast_to(wider, padded.shape)))


@given(PAIRS, st.integers(1, 128), st.integers(0, 2**32 - 1))
def test_groups_never_make_surer_and_are_finite(pairs: list[tuple[Row, Row]], many: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arms = _arms(pairs)
    groups = [_spread_over(arm, rng, many) for arm in arms]
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        together = with_design_effects(*arms, *groups)
        compared = compare_means(*together)
        factor = split_design_effect(np.stack([group.n for group in groups], axis=1))
    assert np.all(np.isfinite(compared.low))
    assert np.all(np.isfinite(factor) & (factor >= 1))
    assert all(np.all(arm.deff >= 1) for arm in together)
    assert not np.any(compared.enough & (together[0].groups < 30))


def _spread_over(arm: Arm, rng: np.random.Generator, many: int) -> GroupSums:
    parts = rng.dirichlet(np.ones(many), size=(3, arm.n.size)) if many > 1 else np.ones((3, arm.n.size, 1))
    return GroupSums(n=np.floor(arm.n[:, None] * parts[0]), y=arm.y[:, None] * parts[1], x=arm.x[:, None] * parts[2])


@given(st.lists(st.tuples(*(st.integers(0, 10**6) for _ in range(8))), min_size=1, max_size=5))
def test_the_effect_on_the_contacted_lies_in_its_interval_wherever_it_has_one(counts: list[tuple[int, ...]]) -> None:
    def arm(n: int, d: int, y: int, yd: int) -> tuple[int, int, int]:
        d, yd = min(n, d), min(yd, n, d)
        return d, yd, min(n, yd + min(y, n - d))

    rows = [((n, *arm(n, d, y, yd)), (m, *arm(m, e, z, ze))) for n, d, y, yd, m, e, z, ze in counts]
    sides = []
    for side in range(2):
        n, d, yd, y = np.array([row[side] for row in rows], dtype=np.float64).T
        nothing = np.zeros_like(n)
        sides.append(contacted_arm(arm_of_people(np.stack([n, y, y, nothing, nothing, nothing], axis=1)), d, yd))
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        effect = effect_on_contacted(sides[0], sides[1])
    bounded = np.isfinite(effect.low)
    assert np.array_equal(bounded, np.isfinite(effect.high))
    slack = 1e-6 * (np.abs(effect.effect) + np.abs(effect.low) + np.abs(effect.high) + 1e-9)
    assert np.all(((effect.low <= effect.effect + slack) & (effect.effect <= effect.high + slack))[bounded])
