"""What is derived from the table of metrics and is asked for where sums are kept, judged and shown."""

from events.experiments.metrics import (
    COUNTED_TYPES,
    GUARDRAILS,
    HAPPENED,
    HARM,
    LABELS,
    METRIC_SPECS,
    METRICS,
    PLACE,
    PRIMARY,
    THOUSANDTHS,
    UNITS,
    Metric,
    MetricUnit,
)

__all__ = [
    "COUNTED_TYPES",
    "GUARDRAILS",
    "HAPPENED",
    "HARM",
    "LABELS",
    "METRICS",
    "METRIC_SPECS",
    "PLACE",
    "PRIMARY",
    "THOUSANDTHS",
    "UNITS",
    "Metric",
    "MetricUnit",
]
