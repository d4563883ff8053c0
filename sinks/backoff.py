"""How long to leave a failing sink alone: as long as it has failed already, within bounds.

That doubles the wait each time, and many partitions that meet the same outage do not drive each other's wait up, as
a count of failures would.
"""

import time
from collections.abc import Callable


class Outage:
    """The current outage, if there is one. Times are seconds of a monotonic clock."""

    def __init__(
        self, shortest: float = 0.1, longest: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shortest = shortest
        self._longest = longest
        self._clock = clock
        self._since: float | None = None

    def failed(self) -> float:
        """Note a failure; the seconds to wait before the next try."""
        now = self._clock()
        if self._since is None:
            self._since = now
        return min(self._longest, max(self._shortest, now - self._since))

    def over(self) -> None:
        """Note a success."""
        self._since = None
