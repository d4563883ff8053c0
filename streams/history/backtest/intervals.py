"""95 % intervals of what became of people: Wilson's of parts, and of money by resampling."""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from streams.history.backtest.tally import Cell

LEVEL = 0.95
FEWEST_PEOPLE, FEWEST_GIVERS = 30, 5
"""Of fewer no mean of money has an interval: gifts are too uneven, and of none nothing can be resampled."""


class Interval(NamedTuple):
    """A figure and the ends between which it is sure to be as a confidence interval is."""

    value: float
    low: float
    high: float


def part(count: int, of: int) -> Interval | None:
    """Of people, by Wilson's score (1927); None: of nobody."""
    if not of:
        return None
    found = binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return Interval(count / of, float(found.low), float(found.high))


def mean_amount(cell: Cell, currency: str) -> Interval | None:
    """Minor units a person, by the quantiles of the resamples; None: of too few."""
    sums = cell.sums.get(currency)
    if sums is None or cell.people < FEWEST_PEOPLE or cell.gave < FEWEST_GIVERS:
        return None
    value = cell.amounts[currency] / cell.people
    means = sums / np.maximum(cell.drawn, 1.0)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, min(value, float(low)), max(value, float(high)))
