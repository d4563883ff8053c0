"""The headline of a result: its metrics, its baseline, which comparison counts, and what its interval says in words."""

from typing import Literal

from events.experiment_results import Comparison, ExperimentResult
from events.experiments.metrics import HARM, LABELS, METRICS, PRIMARY
from streams.domain.messages import CodedMessage, Field, message


def primary_of(result: ExperimentResult) -> str | None:
    """The metric by which the experiment is judged; None: nothing is measured."""
    if (named := result.get("primary")) is not None:
        return named
    measured = metrics_of(result)
    return PRIMARY if PRIMARY in measured else next(iter(measured), None)


def metric_label(metric: str, other: str) -> Field:
    """What people did who count in a metric, in words; `other` for one that only a newer version knows."""
    return message(f"metric.{metric}") if metric in LABELS else other


def metric_name(metric: str) -> Field:
    """The name of a metric; of one that only a newer version knows the word itself."""
    return message(f"metric_name.{metric}") if metric in LABELS else metric


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
    """The comparison over closed days, else the one over everybody; or the one that `provisional` asks for."""
    found = {
        each["provisional"]: each
        for each in result["comparisons"]
        if (each["metric"], each["variant"]) == (metric, variant)
    }
    return found.get(False, found.get(True)) if provisional is None else found.get(provisional)


IntervalVerdict = Literal["better", "worse", "not yet known"]


def interval_verdict(metric: str, low: float, high: float) -> IntervalVerdict:
    """Whether all values in the interval are better, or worse, than the baseline; of harm, more is worse."""
    if low > 0:
        return "worse" if metric in HARM else "better"
    if high < 0:
        return "better" if metric in HARM else "worse"
    return "not yet known"


_VERDICTS: dict[IntervalVerdict, CodedMessage] = {
    "better": message("experiment.better"),
    "worse": message("experiment.worse"),
    "not yet known": message("experiment.not_yet_known"),
}


def verdict_message(metric: str, low: float, high: float) -> CodedMessage:
    """The verdict of an interval."""
    return _VERDICTS[interval_verdict(metric, low, high)]
