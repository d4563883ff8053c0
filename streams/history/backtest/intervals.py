"""95 % confidence intervals: Wilson's for shares of people, and resampling for amounts of money."""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from streams.history.backtest.tally import Cell

LEVEL = 0.95
FEWEST_PEOPLE, FEWEST_GIVERS = 30, 5
"""With fewer, no mean amount has an interval: gifts are too uneven, and nothing can be resampled from none."""


class Interval(NamedTuple):
    """A figure and the ends of its confidence interval."""

    value: float
    low: float
    high: float


def wilson_interval(count: int, of: int) -> Interval | None:
    """A share of people, by Wilson's score (1927); None: there are none."""
    if not of:
        return None
    found = binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return Interval(count / of, float(found.low), float(found.high))


def mean_amount(cell: Cell, currency: str) -> Interval | None:
    """Minor units a person, by the quantiles of the resamples; None: too few people or givers."""
    sums = cell.sums.get(currency)
    if sums is None or cell.people < FEWEST_PEOPLE or cell.gave < FEWEST_GIVERS:
        return None
    value = cell.amounts[currency] / cell.people
    means = sums / np.maximum(cell.drawn, 1.0)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, min(value, float(low)), max(value, float(high)))
