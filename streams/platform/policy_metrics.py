"""The metrics of the policy's file, the same in every process that decides by it: changes, and which version holds."""

from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from events.regimes import RegimeName
from streams.platform.policy_file import CurrentPolicy


class PolicyMetrics:
    """The metrics of one process, in its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.changes = Counter(
            "harmonia_policy_changes_total",
            "Changes of the policy's file by what became of them (taken, broken: the old one goes on)",
            ["outcome"],
            registry=registry,
        )
        self.since = Gauge(
            "harmonia_policy_since_seconds",
            "Since when the policy holds here, Unix time, by its version",
            ["version"],
            registry=registry,
        )

    def holds(self, version: str, at: int) -> None:
        """Show since when (ms) a version holds: that one and no other."""
        self.since.clear()
        self.since.labels(version).set(at / 1000)

    def watched(self, path: Path | None, regime: RegimeName, clock: Callable[[], int]) -> CurrentPolicy:
        """The policy of now, whose changes are shown. Raises `Unusable` when there is no policy to begin with."""
        return CurrentPolicy(path, regime, clock, lambda outcome: self.changes.labels(outcome).inc(), self.holds)
