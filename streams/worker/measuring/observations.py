"""Observes many values of a histogram at once, for the price of a few."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from prometheus_client import Histogram


def observe_all(child: Histogram, values: Sequence[float]) -> None:
    """`Histogram.observe` for each of the values, without two locks and a search for each. `child`: without labels."""
    total, bounds, buckets = child._sum, child._upper_bounds, child._buckets  # noqa: SLF001 - nothing public does it
    total.inc(sum(values))
    for bucket, count in Counter([bisect_left(bounds, value) for value in values]).items():
        buckets[bucket].inc(count)
