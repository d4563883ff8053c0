"""Confidence intervals, held against the formula and against simulations."""

from math import sqrt
from statistics import mean

import numpy as np
import pytest

from streams.history.backtest.report.figures import FEWEST_GIVERS, FEWEST_PEOPLE, mean_amount, wilson_interval
from streams.history.backtest.tally import Cell, TouchOutcome, weights_of

Z = 1.959963984540054


@pytest.mark.parametrize(("count", "of"), [(0, 1), (0, 40), (3, 40), (40, 40), (900, 10_000)])
def test_shares_have_wilson_intervals(count: int, of: int) -> None:
    rate = count / of
    middle = (rate + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z * sqrt(rate * (1 - rate) / of + Z**2 / (4 * of**2)) / (1 + Z**2 / of)

    found = wilson_interval(count, of)

    assert found is not None
    assert found == pytest.approx((rate, middle - half, middle + half))


def given(amounts: list[int], mark: str) -> Cell:
    cell = Cell()
    for number, amount in enumerate(amounts):
        gifts = frozenset({(("s", "1"), "USD", amount)} if amount else ())
        cell.take(1, TouchOutcome(gifts), weights_of(f"{mark}-{number}"))
    return cell


def test_mean_amounts_of_few_people_or_givers_have_no_interval() -> None:
    enough = [100] * FEWEST_GIVERS + [0] * (FEWEST_PEOPLE - FEWEST_GIVERS)

    assert mean_amount(given(enough, "a"), "USD") is not None
    assert mean_amount(given(enough[:-1], "a"), "USD") is None
    assert mean_amount(given([0, *enough[1:]], "a"), "USD") is None
    assert mean_amount(given(enough, "a"), "EUR") is None


def test_resampled_intervals_cover_the_true_mean_nearly_as_often_as_stated() -> None:
    """Of gifts as they are: most give nothing, some a lot. 95 % in the long run; of 60 worlds at least 50."""
    chance = np.random.default_rng(8)
    truth, held = 0.2 * np.exp(3 + 0.5), 0
    for world in range(60):
        amounts = np.where(chance.random(300) < 0.2, np.round(100 * chance.lognormal(3, 1, 300)), 0)
        found = mean_amount(given([int(amount) for amount in amounts], str(world)), "USD")
        assert found is not None
        assert found.value == pytest.approx(mean(amounts))
        held += found.low <= 100 * truth <= found.high

    assert held >= 50


def test_a_share_of_nobody_has_no_interval() -> None:
    assert wilson_interval(0, 0) is None
