"""Where each metric is kept, and how it is read."""

from events.experiments.metrics import METRICS, Metric

__all__ = ["HARM", "METRICS", "PLACE", "THOUSANDTHS", "Metric"]

PLACE: dict[Metric, int] = {metric: place for place, metric in enumerate(METRICS)}
THOUSANDTHS = frozenset[Metric]({"opened", "clicked"})
HARM = frozenset[Metric]({"unsubscribed", "complained"})
"""Of which more is worse."""
