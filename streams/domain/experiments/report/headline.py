"""What a result is about: its metrics, its baseline, and which of its comparisons counts."""

from events.experiment_results import Comparison, ExperimentResult
from events.experiments.metrics import METRICS, PRIMARY


def primary_of(result: ExperimentResult) -> str | None:
    """The metric by which the experiment is judged; None: nothing is measured."""
    if (named := result.get("primary")) is not None:
        return named
    measured = metrics_of(result)
    return PRIMARY if PRIMARY in measured else next(iter(measured), None)


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
