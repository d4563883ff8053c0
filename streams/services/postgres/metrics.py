"""Prometheus metrics of the process that fills PostgreSQL: those of a worker's sinks, so that their alert holds too."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class PostgresMetrics:
    """The metrics, in a registry of their own. Labels: the sink, which is `postgres`, a topic, a partition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.chunk_seconds = Histogram(
            "harmonia_chunk_seconds",
            "Seconds from taking a chunk to having it done",
            ["agent"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.end_to_end_seconds = Histogram(
            "harmonia_end_to_end_seconds",
            "Seconds from an input record's append to the profile's arrival in the sink, one observation a profile",
            ["sink"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.sink_errors = Counter(
            "harmonia_sink_errors_total", "Calls of a sink that failed and are tried again", ["sink"], registry=registry
        )
        self.sink_refills = Counter(
            "harmonia_sink_refills_total",
            "Partitions that a sink had lost and was given again",
            ["sink"],
            registry=registry,
        )
        self.behind_records = Gauge(
            "harmonia_sink_behind_records",
            "Records of a partition that a sink does not hold yet",
            ["sink", "topic", "partition"],
            registry=registry,
        )
        self.behind_seconds = Gauge(
            "harmonia_sink_behind_seconds",
            "Seconds ago at which a sink last held all that a partition had then",
            ["sink", "topic", "partition"],
            registry=registry,
        )

    @contextmanager
    def chunk(self, agent: str) -> Iterator[None]:
        """Observe the seconds that a chunk takes; one that fails is not observed."""
        started = time.perf_counter()
        yield
        self.chunk_seconds.labels(agent).observe(time.perf_counter() - started)
