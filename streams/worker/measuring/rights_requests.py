"""How many requests of people over their data wait for an answer, as a metric."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

from events.rights_requests import RightsKind


class RightsMetrics:
    """Requests that wait. Every worker reads all of them, so each tells the same."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.waiting = Gauge(
            "harmonia_rights_requests",
            "Requests of people over their data that are open, and those of them that are overdue, by kind",
            ["kind", "state"],
            registry=registry,
        )

    def tell(self, waiting: Mapping[RightsKind, tuple[int, int]]) -> None:
        """Show by kind how many are open, and how many of these overdue."""
        for kind, (open_ones, overdue) in waiting.items():
            self.waiting.labels(kind, "open").set(open_ones)
            self.waiting.labels(kind, "overdue").set(overdue)
