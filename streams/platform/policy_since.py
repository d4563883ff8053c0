"""Which policy a process holds, and since when, for whoever looks at its metrics."""

from collections.abc import Callable

from prometheus_client import Gauge


def telling(since: Gauge) -> Callable[[str, int], None]:
    """What `Policies` tells of a version that holds since a time, ms: that one and no other is shown."""

    def holds(version: str, at: int) -> None:
        since.clear()
        since.labels(version).set(at / 1000)

    return holds
