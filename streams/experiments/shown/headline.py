"""What comes first of a result: the primary metric, and how each variant does by it."""

from collections.abc import Iterator

from events.experiment_results import Comparison, ExperimentResult, ExperimentSummary, Headline
from streams.experiments.metrics import METRICS
from streams.experiments.shown.warnings import warnings_of

USUAL = "donated"
"""The primary metric where none is named and it is measured."""


def summary_of(result: ExperimentResult) -> ExperimentSummary:
    """A line of the list of all experiments."""
    primary = primary_of(result)
    return {
        "experiment": result["experiment"],
        "as_of": result["as_of"],
        "status": result["status"],
        "assigned": sum(variant["assigned"] for variant in result["variants"].values()),
        "warnings": len(warnings_of(result)),
        "currency": result["currency"],
        "primary": primary,
        "headlines": [] if primary is None else list(_headlines(result, primary)),
    }


def primary_of(result: ExperimentResult) -> str | None:
    """The metric by which the experiment is judged; None: nothing is measured."""
    measured = metrics_of(result)
    if (named := result.get("primary")) is not None:
        return named
    return USUAL if USUAL in measured else next(iter(measured), None)


def metrics_of(result: ExperimentResult) -> list[str]:
    """What is measured of any variant, in the usual order; those that are not known here last."""
    found = {name: None for variant in result["variants"].values() for name in variant["metrics"]}
    usual = [name for name in METRICS if name in found]
    return [*usual, *(name for name in found if name not in usual)]


def baseline_of(result: ExperimentResult) -> str | None:
    """The variant against which the others are held."""
    if (named := result.get("baseline")) is not None:
        return named
    return next((each["baseline"] for each in result["comparisons"]), next(iter(sorted(result["variants"])), None))


def comparison_of(
    result: ExperimentResult, metric: str, variant: str, *, provisional: bool | None = None
) -> Comparison | None:
    """That over the closed days, else the one over everybody; or the one of the two that is asked for."""
    found = {
        each["provisional"]: each
        for each in result["comparisons"]
        if (each["metric"], each["variant"]) == (metric, variant)
    }
    return found.get(False, found.get(True)) if provisional is None else found.get(provisional)


def _headlines(result: ExperimentResult, primary: str) -> Iterator[Headline]:
    for variant in result["variants"]:
        found = comparison_of(result, primary, variant)
        if found is not None:
            yield {
                "variant": variant,
                "baseline": found["baseline"],
                "effect": found["effect"],
                "low": found["low"],
                "high": found["high"],
                "level": found["level"],
                "discovery": found["discovery"],
                "provisional": found["provisional"],
            }
