"""Observes many values of a histogram at once, for the price of a few."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from prometheus_client import Histogram


def observe_all(histogram: Histogram, values: Sequence[float]) -> None:
    """`Histogram.observe` for each of the values. One call each would take its two locks for each, record by record."""
    histogram._sum.inc(sum(values))
    bounds = histogram._upper_bounds
    for bucket, count in Counter([bisect_left(bounds, value) for value in values]).items():
        histogram._buckets[bucket].inc(count)
