"""Experiments as they are planned: the value of `experiment-definitions`, and what is measured of each person."""

from events.experiments.definition import HOLDOUT, ExperimentDefinition
from events.experiments.metrics import DEFAULT_METRICS, METRICS, Metric
from events.experiments.parts import Exclusion, Strata, window_ms

__all__ = [
    "DEFAULT_METRICS",
    "HOLDOUT",
    "METRICS",
    "Exclusion",
    "ExperimentDefinition",
    "Metric",
    "Strata",
    "window_ms",
]
