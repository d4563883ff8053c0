"""Metrics of sources in quarantine. Every worker hears of all of them, so each tells the same."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

from streams.domain.display_names import is_shown
from streams.domain.quarantine.quarantines import Quarantine
from streams.worker.measuring.label_names import Named

MOST_SOURCES = 40


class QuarantineMetrics:
    """Which sources are in quarantine, and how many records wait."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._names = Named(MOST_SOURCES, is_shown)
        self.since = Gauge(
            "harmonia_source_quarantined_since_seconds",
            f"Since when a source is in quarantine, Unix time, by source ({MOST_SOURCES} that look like names; other)",
            ["source"],
            registry=registry,
        )
        self.waiting = Gauge(
            "harmonia_quarantine_waiting_records",
            "Held records in the topic quarantine that nobody has released yet, of all sources",
            registry=registry,
        )

    def tell(self, held: Mapping[str, Quarantine], now: int) -> None:
        """These are in quarantine, but for those whose quarantine has ended. `now`: ms since 1970."""
        since: dict[str, int] = {}
        for source, quarantine in held.items():
            if now < quarantine.until:
                label = self._names.label(source)
                since[label] = min(quarantine.since, since.get(label, quarantine.since))
        self.since.clear()
        for label, at in since.items():
            self.since.labels(label).set(at / 1000)
