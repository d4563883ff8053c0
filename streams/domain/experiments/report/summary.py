"""What to know of a result at a glance: its warnings, worst first, and the line of the list of all experiments."""

from collections.abc import Iterator

from events.experiment_results import ExperimentResult, ExperimentSummary, Headline
from events.experiments.metrics import LABELS
from streams.domain.experiments.report.headline import comparison_of, primary_of
from streams.domain.experiments.report.units import percent

MUCH_CONTAMINATION = 0.01
"""Part of the assigned from which on it is worth a warning."""


def warnings_of(result: ExperimentResult) -> list[str]:
    """Sentences; the word before the colon is what docs/experiments-reading.md explains."""
    return [
        *_of_the_split(result),
        *_of_guardrails(result),
        *_of_recounting(result),
        *_of_contamination(result),
        *_of_what_is_withheld(result),
        *_of_what_is_open(result),
        *result.get("warnings", []),
    ]


def assigned_of(result: ExperimentResult) -> int:
    """People in all variants."""
    return sum(variant["assigned"] for variant in result["variants"].values())


def is_broken(result: ExperimentResult) -> bool:
    """Whether people were not assigned as planned, so that no comparison can be trusted."""
    return result["sample_ratio"]["broken"]


def _of_the_split(result: ExperimentResult) -> Iterator[str]:
    if not is_broken(result):
        return
    everybody = assigned_of(result) or 1
    planned = result["sample_ratio"].get("planned", {})
    counts = dict.fromkeys(planned, 0) | {name: each["assigned"] for name, each in result["variants"].items()}
    parts = [
        f"{name} {percent(count / everybody)}" + (f" (planned {percent(planned[name])})" if name in planned else "")
        for name, count in counts.items()
    ]
    yield (
        f"BROKEN SPLIT: {', '.join(parts)}. Something decides who gets which variant: trust no difference below, "
        "and find out what before going on"
    )


def _of_guardrails(result: ExperimentResult) -> Iterator[str]:
    for each in result["guardrails"]:
        if each["breached"]:
            who = LABELS.get(each["metric"], each["metric"])
            more = f"{each['variant']} has more people who {who} than {each['baseline']}"
            yield f"GUARDRAIL BREACHED: {more}. Stop sending it"


def _of_recounting(result: ExperimentResult) -> Iterator[str]:
    if result["status"] == "recounting":
        yield (
            "RECOUNTING: the definition was changed. The figures are those of the one before it until everybody is "
            "counted anew; wait"
        )


def _of_contamination(result: ExperimentResult) -> Iterator[str]:
    everybody, several = assigned_of(result), result["contaminated"]
    if everybody and several / everybody >= MUCH_CONTAMINATION:
        yield (
            f"CONTAMINATION: {several:,} of {everybody:,} people ({percent(several / everybody)}) were given a second "
            "variant later. They count in their first one, so true differences look smaller than they are"
        )


def _of_what_is_withheld(result: ExperimentResult) -> Iterator[str]:
    whys: dict[str, list[str]] = {}
    for each in result.get("withheld", []):
        whys.setdefault(each["why"], []).append(f"{each['metric']} of {each['variant']}")
    for why, of_what in whys.items():
        shown = ", ".join(of_what[:3]) + (f" and {len(of_what) - 3} more" if len(of_what) > 3 else "")
        yield f"NO COMPARISON: {shown}: {why}"


def _of_what_is_open(result: ExperimentResult) -> Iterator[str]:
    primary = primary_of(result)
    found = [None if primary is None else comparison_of(result, primary, variant) for variant in result["variants"]]
    if any(each is not None and each["provisional"] for each in found):
        yield (
            f"PROVISIONAL: of {primary} there is nothing but what everybody did so far, whose window is mostly still "
            "open. Decide nothing for good by it"
        )


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
