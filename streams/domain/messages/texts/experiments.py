"""Sentences about experiments: warnings, verdicts and why there is no comparison.

`metric.<metric>` says what people did who count in it, `metric_name.<metric>` is its name.
"""

from collections.abc import Mapping

from events.experiments.metrics import LABELS
from streams.domain.messages.fields import Plural, Template

EXPERIMENTS: Mapping[str, Template] = {
    "experiment.broken_split": (
        "BROKEN SPLIT: {parts}. Something decides who gets which variant: trust no difference below, "
        "and find out what before going on"
    ),
    "experiment.part": "{variant} {share}",
    "experiment.part_of_plan": "{variant} {share} (planned {planned})",
    "experiment.guardrail_breached": (
        "GUARDRAIL BREACHED: {variant} has more people who {did} than {baseline}. Stop sending it"
    ),
    "experiment.recounting": (
        "RECOUNTING: the definition was changed. The figures are those of the one before it until everybody is "
        "counted anew; wait"
    ),
    "experiment.contamination": (
        "CONTAMINATION: {several} of {everybody} people ({share}) were given a second "
        "variant later. They count in their first one, so true differences look smaller than they are"
    ),
    "experiment.no_comparison": "NO COMPARISON: {what}: {why}",
    "experiment.metric_of_variant": "{metric} of {variant}",
    "experiment.provisional": (
        "PROVISIONAL: of {metric} there is nothing but what everybody did so far, whose window is mostly still "
        "open. Decide nothing for good by it"
    ),
    "experiment.unplanned_variant": (
        "UNPLANNED VARIANT: {variants}: not in the definition, so not in the check of the split"
    ),
    "experiment.variant_with_people": "{variant} ({people} people)",
    "experiment.split_not_checked": (
        "SPLIT NOT CHECKED: {why}. People are in {parts}: if that is not as you meant it, trust no difference"
    ),
    "experiment.split_not_checked_define": (
        "SPLIT NOT CHECKED: {why}. People are in {parts}: if that is not as you meant it, trust no difference. "
        "Say what is planned with `harmonia experiments define`, and everybody so far is checked as well"
    ),
    "experiment.not_defined": (
        "NOT DEFINED: nobody has defined the experiment, and all who are in it are in one variant. Is its id "
        "written as you meant it? Define it with `harmonia experiments define`, or mend the id where it is sent"
    ),
    "experiment.not_a_guardrail": "NOT A GUARDRAIL: {metrics}: only {guardrails} can be watched",
    "experiment.too_few_people": "fewer than {least} people in one of the two",
    "experiment.too_few_groups": (
        "fewer than {least} groups of households or turfs in one of the two, so nobody can tell how far they differ"
    ),
    "experiment.too_rare": "too few people with this outcome so far, or without it",
    "experiment.forgotten": "not known any more: opens and clicks are kept for {days} days",
    "experiment.nobody_defined": "nobody has defined the experiment, so no parts are planned",
    "experiment.strata_differ": "some strata have a split of their own, so there is none for all",
    "experiment.better": "better",
    "experiment.worse": "worse",
    "experiment.not_yet_known": "not yet known",
    "experiment.do_not_trust": "do not trust",
    "experiment.is_provisional": "provisional",
    "experiment.is_discovery": "holds beside all other experiments (a discovery)",
    "experiment.variant_effect": "{variant} {effect}",
    "experiment.words": "{words}",
    "experiment.headline": "{metric} against {baseline}: {variants:; }",
    "experiment.nothing_compared": "nothing to compare yet",
    "experiment.whys": "no comparison: {whys:; }",
    "experiment.worst_first": "{worst:; }: {rest}",
    "experiment.is_broken": "split BROKEN, trust nothing of it",
    "experiment.is_breached": "guardrail BREACHED, stop sending {variants}",
    "experiment.people": Plural("people", "{people} person", "{people} people"),
    "experiment.warnings": Plural("warnings", "{warnings} warning", "{warnings} warnings"),
    "experiment.no_warnings": "no warnings",
    "verdict.better": "{variant} does better than {baseline}: {effect} (between {low} and {high}).",
    "verdict.worse": "{variant} does worse than {baseline}: {effect} (between {low} and {high}).",
    "verdict.not_yet_known": (
        "It is not yet known whether {variant} differs from {baseline}: {effect} (between {low} and {high})."
    ),
    "verdict.do_not_trust": (
        "{variant} against {baseline}: {effect}, but the split is broken, so the difference says nothing."
    ),
    "verdict.withheld": "{variant} is not compared with {baseline}: {why}.",
    "verdict.nothing": "There is nothing to compare {variant} with {baseline} by yet.",
    "verdict.provisional": "{verdict} This counts everybody so far: decide nothing for good by it.",
    "verdict.discovery": "{verdict} It holds beside all other running experiments.",
    "experiment.gone": "This experiment has no result any more.",
    "experiment.beyond_scope": ("Experiments count people of all regions and committees, and you see a part of these."),
    "status_of.running": "running",
    "status_of.ended": "ended",
    "status_of.recounting": "recounting",
    "guardrail.breached": "BREACHED",
    "guardrail.alerted": "BREACHED, alert",
    "guardrail.holds": "holds",
    "guardrail.not_known": "not known yet",
    **{f"metric.{name}": label for name, label in LABELS.items()},
    **{f"metric_name.{name}": name for name in LABELS},
}
