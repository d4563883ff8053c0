"""One metric more in the registry, `joined`: whether somebody submitted a form. For programs of their own."""

from tests.unit.altered import altered

_SPEC = """
    MetricSpec(
        id=10,
        name="joined",
        label="filled in a form",
        counts="`form.submitted`",
        types=frozenset({"form.submitted"}),
    ),
)
\"""All metrics"""


def add() -> None:
    """Put it there, before anything that reads the registry is imported."""
    altered(
        "events.experiments.metrics",
        {'    "complained",\n]': '    "complained",\n    "joined",\n]', '\n)\n"""All metrics': _SPEC},
    )
