"""What happened to a person of one kind, to be asked for what lies between two moments."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Protocol


class Series(Protocol):
    """Times are in ms since 1970; `since` is in it, `until` is not."""

    def between(self, since: int, until: int) -> int:
        """The outcome."""


class Marks:
    """Things that count 1, however often they happen. `times` are in order."""

    __slots__ = ("_times",)

    def __init__(self, times: Sequence[int]) -> None:
        self._times = times

    def between(self, since: int, until: int) -> int:
        """Whether any lies between."""
        place = bisect_left(self._times, since)
        return 1 if place < len(self._times) and self._times[place] < until else 0


class Sums:
    """Amounts at times, in any order. `most`: what they count together at most, either way."""

    __slots__ = ("_most", "_sums", "_times")

    def __init__(self, amounts: Iterable[tuple[int, int]], most: int | None = None) -> None:
        amounts = sorted(amounts)
        self._times = [time for time, _ in amounts]
        self._sums = list(accumulate((amount for _, amount in amounts), initial=0))
        self._most = most

    def between(self, since: int, until: int) -> int:
        """What they add up to."""
        found = self._sums[bisect_left(self._times, until)] - self._sums[bisect_left(self._times, since)]
        return found if self._most is None else max(-self._most, min(found, self._most))


class Latest:
    """Of things at `times`, which are in order, the latest counts: 1 if it `holds`."""

    __slots__ = ("_holds", "_times")

    def __init__(self, times: Sequence[int], holds: Sequence[bool]) -> None:
        self._times = times
        self._holds = holds

    def between(self, since: int, until: int) -> int:
        """Whether the latest between holds."""
        place = bisect_left(self._times, until) - 1
        return 1 if place >= 0 and self._times[place] >= since and self._holds[place] else 0
