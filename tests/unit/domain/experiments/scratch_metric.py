"""One metric more in the registry, `joined`: whether somebody submitted a form. For programs of their own."""

from tests.unit.altered import altered

_SPEC = """
METRIC_SPECS += (
    MetricSpec(
        id=len(METRIC_SPECS),
        name="joined",
        label="filled in a form",
        counts="`form.submitted`",
        types=frozenset({"form.submitted"}),
    ),
)

PRIMARY: Metric"""


def add() -> None:
    """Put it there, before anything that reads the registry is imported."""
    altered(
        "events.experiments.metrics",
        {"]\nCounting = ": '    "joined",\n]\nCounting = ', "\nPRIMARY: Metric": _SPEC},
    )
