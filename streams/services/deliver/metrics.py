"""Prometheus metrics of `harmonia deliver`."""

from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from events.deliveries import DeliveryFate

PassedOver = Literal["too_old", "expired", "not_named"]
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30)


class DeliveryMetrics:
    """The metrics, in a registry of their own. Label `endpoint`: its id in the file."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.attempts = Counter(
            "harmonia_delivery_attempts_total",
            "Records that an endpoint was to be told, by what became of the attempt",
            ["endpoint", "fate"],
            registry=registry,
        )
        self.seconds = Histogram(
            "harmonia_delivery_request_seconds",
            "Seconds until an endpoint answered, or did not",
            ["endpoint"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.waiting = Gauge(
            "harmonia_delivery_waiting",
            "Records that were read and that an endpoint has not acknowledged",
            ["endpoint"],
            registry=registry,
        )
        self.failing = Gauge(
            "harmonia_delivery_failing_seconds",
            "Seconds for which records are due and none was acknowledged, or nothing could be read or stored; else 0",
            ["endpoint"],
            registry=registry,
        )
        self.disabled = Gauge(
            "harmonia_delivery_disabled",
            "1: the endpoint answered 410, and is told nothing",
            ["endpoint"],
            registry=registry,
        )
        self.passed_over = Counter(
            "harmonia_delivery_passed_over_total",
            "Records never told: too_old, of contacts who may have been erased since; expired, before they were read; "
            "not_named, which waited for an endpoint or a topic that the file no longer names",
            ["endpoint", "why"],
            registry=registry,
        )

    def know(self, endpoint: str) -> None:
        """Have the counters of an endpoint begin at 0: the first that is dead is no increase else."""
        for fate in get_args(DeliveryFate):
            self.attempts.labels(endpoint, fate)
        for why in get_args(PassedOver):
            self.passed_over.labels(endpoint, why)

    def count_gone(self, endpoint: str, lost: int, expired: int) -> None:
        """Count what is found at the start to be in its topic no more: what waited, and what was never read."""
        self.attempts.labels(endpoint, "gone").inc(lost)
        self.passed_over.labels(endpoint, "expired").inc(expired)
