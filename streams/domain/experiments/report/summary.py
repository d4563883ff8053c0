"""A line of the list of all experiments: the primary metric, and how each variant does by it."""

from collections.abc import Iterator

from events.experiment_results import ExperimentResult, ExperimentSummary, Headline
from streams.domain.experiments.report.headline import comparison_of, primary_of
from streams.domain.experiments.report.warnings import assigned_of, is_broken, warnings_of


def summary_of(result: ExperimentResult) -> ExperimentSummary:
    """What is kept for lists beside the result."""
    primary = primary_of(result)
    summary: ExperimentSummary = {
        "experiment": result["experiment"],
        "as_of": result["as_of"],
        "status": result["status"],
        "assigned": assigned_of(result),
        "warnings": len(warnings_of(result)),
        "broken_split": is_broken(result),
        "breached": sorted({each["variant"] for each in result["guardrails"] if each["breached"]}),
        "currency": result["currency"],
        "primary": primary,
        "headlines": [] if primary is None else list(_headlines(result, primary)),
    }
    if whys := {each["why"] for each in result.get("withheld", []) if each["metric"] == primary}:
        summary["withheld"] = sorted(whys)
    return summary


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
