"""Metrics of experiments: how many run, and how long it takes until what has happened is in their results."""

from collections.abc import Mapping
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from events.experiment_results import Status

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ExperimentMetrics:
    """All but `uncounted` are of the one worker that adds experiments up; of the others they are 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.known = Gauge(
            "harmonia_experiments",
            "Experiments by status (running, ended, recounting), where they are added up",
            ["status"],
            registry=registry,
        )
        self.results = Counter(
            "harmonia_experiment_results_total", "Results of experiments that were written", registry=registry
        )
        self.seconds = Histogram(
            "harmonia_experiment_evaluation_seconds",
            "Seconds it takes to add up what has come and to write the results of what has changed",
            buckets=_SECONDS,
            registry=registry,
        )
        self.waiting = Gauge(
            "harmonia_experiment_waiting_seconds",
            "Age of the oldest difference that is in no result yet, when it was last looked at",
            registry=registry,
        )
        self.uncounted = Counter(
            "harmonia_experiment_uncounted_total",
            "How often somebody was left out of an experiment, since there are too many of them or of their variants",
            registry=registry,
        )
        self.idle()

    def idle(self) -> None:
        """Nothing is added up here."""
        self.stand({})
        self.waiting.set(0)

    def stand(self, statuses: Mapping[Status, int]) -> None:
        """So many experiments have these statuses."""
        for status in get_args(Status):
            self.known.labels(status).set(statuses.get(status, 0))
