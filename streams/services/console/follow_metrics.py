"""Prometheus metrics of the process that follows topics into the desk."""

from collections import defaultdict
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.services.console.desk_batches import Position, Written

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class FollowMetrics:
    """The metrics, in a registry of their own. Label: a topic."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.records = Counter(
            "harmonia_desk_records_total", "Records that were written into the desk", registry=registry
        )
        self.copies = Counter(
            "harmonia_desk_copies_total",
            "Interactions that are in no figure: copies, and what counts of nobody after an erasure",
            registry=registry,
        )
        self.late = Counter(
            "harmonia_desk_late_total",
            "Interactions that are in no figure: too old to tell whether they are copies",
            registry=registry,
        )
        self.unreadable = Counter(
            "harmonia_desk_unreadable_total", "Records that Harmonia cannot have written", registry=registry
        )
        self.lost = Counter(
            "harmonia_desk_lost_total", "Offsets that topics had deleted before they were read", registry=registry
        )
        self.let_go = Counter(
            "harmonia_desk_let_go_total", "Interactions that were let go of, too old or too many", registry=registry
        )
        self.erased = Counter("harmonia_desk_erasures_total", "Names of people that were erased", registry=registry)
        self.unwiped = Gauge(
            "harmonia_desk_unwiped",
            "1 while names of erased people may be in the bytes of the desk's file",
            registry=registry,
        )
        self.failures = Counter(
            "harmonia_desk_failures_total", "Times that reading or writing failed and began again", registry=registry
        )
        self.seconds = Histogram(
            "harmonia_desk_write_seconds", "Seconds of a transaction of the desk", buckets=_SECONDS, registry=registry
        )
        self.events = Gauge("harmonia_desk_events", "Interactions that the desk has", registry=registry)
        self.behind = Gauge(
            "harmonia_desk_behind_records", "Records of a topic that are not in the desk", ["topic"], registry=registry
        )
        self.looked = Gauge(
            "harmonia_desk_read_timestamp_seconds",
            "When a topic was last heard of, by the partition of which it is longest ago",
            ["topic"],
            registry=registry,
        )

    def count(self, written: Written, positions: Iterable[Position], events: int) -> None:
        """Count a transaction, and how far every partition is read after it."""
        self.records.inc(written.records)
        self.copies.inc(written.copies)
        self.late.inc(written.late)
        self.unreadable.inc(written.unreadable)
        self.erased.inc(written.erased)
        self.events.set(events)
        behind: defaultdict[str, int] = defaultdict(int)
        looked: dict[str, int] = {}
        for position in positions:
            behind[position.topic] += position.ends - position.next
            looked[position.topic] = min(position.looked, looked.get(position.topic, position.looked))
        for topic, records in behind.items():
            self.behind.labels(topic).set(records)
            self.looked.labels(topic).set(looked[topic] / 1000)
