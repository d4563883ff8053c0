"""What to know of a result at a glance: its warnings, worst first, and the line of the list of all experiments."""

from collections.abc import Iterator

from events.experiment_results import ExperimentResult, ExperimentSummary, Headline
from streams.domain.experiments.report.headline import comparison_of, metric_label, metric_name, primary_of
from streams.domain.experiments.report.stored_sentences import part, stored_message
from streams.domain.messages import CodedMessage, Listed, Share, english, message

MUCH_CONTAMINATION = 0.01
"""Part of the assigned from which on it is worth a warning."""


def warnings_of(result: ExperimentResult) -> list[str]:
    """Sentences; the word before the colon is what docs/experiments-reading.md explains."""
    return [english(warning) for warning in warning_messages(result)]


def warning_messages(result: ExperimentResult) -> list[CodedMessage]:
    """All warnings, worst first."""
    return [
        *_of_the_split(result),
        *_of_guardrails(result),
        *_of_recounting(result),
        *_of_contamination(result),
        *_of_what_is_withheld(result),
        *_of_what_is_open(result),
        *map(stored_message, result.get("warnings", [])),
    ]


def assigned_of(result: ExperimentResult) -> int:
    """People in all variants."""
    return sum(variant["assigned"] for variant in result["variants"].values())


def is_broken(result: ExperimentResult) -> bool:
    """Whether people were not assigned as planned, so that no comparison can be trusted."""
    return result["sample_ratio"]["broken"]


def _of_the_split(result: ExperimentResult) -> Iterator[CodedMessage]:
    if not is_broken(result):
        return
    everybody = assigned_of(result) or 1
    planned = result["sample_ratio"].get("planned", {})
    counts = dict.fromkeys(planned, 0) | {name: each["assigned"] for name, each in result["variants"].items()}
    parts = [
        _part_of_plan(name, count / everybody, planned[name]) if name in planned else part(name, count / everybody)
        for name, count in counts.items()
    ]
    yield message("experiment.broken_split", parts=Listed(tuple(parts)))


def _part_of_plan(variant: str, share: float, planned: float) -> CodedMessage:
    return message(
        "experiment.part_of_plan", variant=variant, share=Share(share, digits=2), planned=Share(planned, digits=2)
    )


def _of_guardrails(result: ExperimentResult) -> Iterator[CodedMessage]:
    for each in result["guardrails"]:
        if each["breached"]:
            yield message(
                "experiment.guardrail_breached",
                variant=each["variant"],
                did=metric_label(each["metric"], each["metric"]),
                baseline=each["baseline"],
            )


def _of_recounting(result: ExperimentResult) -> Iterator[CodedMessage]:
    if result["status"] == "recounting":
        yield message("experiment.recounting")


def _of_contamination(result: ExperimentResult) -> Iterator[CodedMessage]:
    everybody, several = assigned_of(result), result["contaminated"]
    if everybody and several / everybody >= MUCH_CONTAMINATION:
        share = Share(several / everybody, digits=2)
        yield message("experiment.contamination", several=several, everybody=everybody, share=share)


def _of_what_is_withheld(result: ExperimentResult) -> Iterator[CodedMessage]:
    whys: dict[str, list[CodedMessage]] = {}
    for each in result.get("withheld", []):
        of_what = message("experiment.metric_of_variant", metric=metric_name(each["metric"]), variant=each["variant"])
        whys.setdefault(each["why"], []).append(of_what)
    for why, measured in whys.items():
        what = Listed(tuple(measured[:3]), max(0, len(measured) - 3))
        yield message("experiment.no_comparison", what=what, why=stored_message(why))


def _of_what_is_open(result: ExperimentResult) -> Iterator[CodedMessage]:
    primary = primary_of(result)
    found = [None if primary is None else comparison_of(result, primary, variant) for variant in result["variants"]]
    if any(each is not None and each["provisional"] for each in found):
        yield message("experiment.provisional", metric=metric_name(primary or ""))


def summary_of(result: ExperimentResult) -> ExperimentSummary:
    """The summary of a result, stored for lists."""
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
        "headlines": [] if primary is None else list(_summary_headlines(result, primary)),
    }
    if whys := {each["why"] for each in result.get("withheld", []) if each["metric"] == primary}:
        summary["withheld"] = sorted(whys)
    return summary


def _summary_headlines(result: ExperimentResult, primary: str) -> Iterator[Headline]:
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
