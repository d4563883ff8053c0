"""What to know before any figure of a result is believed, worst first, each with what to do."""

from collections.abc import Iterator

from events.experiment_results import ExperimentResult

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
    parts = [
        f"{name} {variant['assigned'] / everybody:.2%}" + (f" (planned {planned[name]:.2%})" if name in planned else "")
        for name, variant in result["variants"].items()
    ]
    parts += [f"{name} nobody (planned {part:.2%})" for name, part in planned.items() if name not in result["variants"]]
    yield (
        f"BROKEN SPLIT: {', '.join(parts)}. Something decides who gets which variant: trust no difference below, "
        "and find out what before going on"
    )


def _of_guardrails(result: ExperimentResult) -> Iterator[str]:
    for each in result["guardrails"]:
        if each["breached"]:
            who = _HARM.get(each["metric"], each["metric"])
            yield f"GUARDRAIL BREACHED: {each['variant']} has more people who {who} than {each['baseline']}. Stop it"


_HARM = {"unsubscribed": "unsubscribed or opted out", "complained": "complained"}


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
            f"CONTAMINATION: {several:,} of {everybody:,} people ({several / everybody:.1%}) were given a second "
            "variant later. They count in their first one, so true differences look smaller than they are"
        )


def _of_what_is_withheld(result: ExperimentResult) -> Iterator[str]:
    whys: dict[str, list[str]] = {}
    for each in result.get("withheld", []):
        whys.setdefault(each["why"], []).append(f"{each['metric']} of {each['variant']}")
    for why, of_what in whys.items():
        shown = ", ".join(of_what[:3]) + (f" and {len(of_what) - 3} more" if len(of_what) > 3 else "")
        yield f"NO COMPARISON: {shown}: {why}"
