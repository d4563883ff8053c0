"""Is it flat? Judged by what a process grew in the second half of a run, when caches are full.

The slope is the median of the slopes between all pairs of samples (Theil and Sen): a garbage collection, a compaction
or one bad sample moves it by nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Sample(NamedTuple):
    """A figure, and when it was read (seconds)."""

    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a figure may grow in the second half: by so large a `share` of itself, or by `least` if that is more."""

    name: str
    unit: str
    share: float
    least: float


LIMITS = (
    Limit("resident memory", "MiB", 0.05, 4.0),
    Limit("open files", "", 0.05, 6.0),
    Limit("threads", "", 0.05, 2.0),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a figure was like in the second half of a run; `grown` is the slope times its length."""

    limit: Limit
    first: float
    median: float
    most: float
    grown: float

    @property
    def allowed(self) -> float:
        """What it may have grown."""
        return max(self.limit.least, self.limit.share * self.median)

    @property
    def is_flat(self) -> bool:
        """Whether it did not grow more than that."""
        return self.grown <= self.allowed

    def __str__(self) -> str:
        """One line for a person."""
        word = "flat" if self.is_flat else "GROWS"
        return (
            f"{self.limit.name}: {word}, {self.median:.1f} {self.limit.unit} at the median, {self.grown:+.1f} in the "
            f"second half, {self.allowed:.1f} allowed"
        )


def judge(limit: Limit, samples: Sequence[Sample]) -> Judged:
    """The verdict on a figure. Raises `ValueError` where there are too few samples to tell."""
    if len(samples) < 8:
        raise ValueError(f"{limit.name}: {len(samples)} samples tell nothing")
    half = [sample for sample in samples if sample.at >= (samples[0].at + samples[-1].at) / 2]
    values = [sample.value for sample in half]
    grown = slope(half) * (half[-1].at - half[0].at)
    return Judged(limit, samples[0].value, median(values), max(values), grown)


def slope(samples: Sequence[Sample]) -> float:
    """The median of all pairs' slopes, in units a second."""
    return median(
        (later.value - earlier.value) / (later.at - earlier.at)
        for number, earlier in enumerate(samples)
        for later in samples[number + 1 :]
        if later.at > earlier.at
    )
