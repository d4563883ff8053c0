"""Verdicts in words: of a comparison, of a guardrail, and of a whole experiment in the line of a list."""

from collections.abc import Iterator

from events.experiment_results import (
    Comparison,
    ContactedEffect,
    ExperimentResult,
    ExperimentSummary,
    Guardrail,
    Headline,
)
from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import (
    baseline_of,
    comparison_of,
    interval_verdict,
    metric_name,
    primary_of,
    verdict_message,
)
from streams.domain.experiments.report.stored_sentences import names, stored_message
from streams.domain.experiments.report.summary import is_broken
from streams.domain.messages import CodedMessage, Listed, message

_DO_NOT_TRUST = message("experiment.do_not_trust")


def compared_message(result: ExperimentResult, found: Comparison) -> CodedMessage:
    """Whether the variant is better or worse than the baseline; of a broken split nothing is."""
    return _DO_NOT_TRUST if is_broken(result) else verdict_message(found["metric"], found["low"], found["high"])


def contacted_message(result: ExperimentResult, found: ContactedEffect) -> CodedMessage:
    """The same of those who were reached. What nothing bounds may be anything, also more than everybody."""
    if is_broken(result):
        return _DO_NOT_TRUST
    if found["low"] is None or found["high"] is None:
        return message("experiment.not_yet_known")
    return verdict_message(found["metric"], found["low"], found["high"])


def primary_verdicts(result: ExperimentResult) -> list[CodedMessage]:
    """A sentence for each variant but the baseline: how it does by the primary metric, or why nobody can say."""
    metric, baseline = primary_of(result), baseline_of(result)
    if metric is None or baseline is None:
        return []
    return [_primary_verdict(result, metric, baseline, name) for name in result["variants"] if name != baseline]


def _primary_verdict(result: ExperimentResult, metric: str, baseline: str, variant: str) -> CodedMessage:
    found = comparison_of(result, metric, variant)
    if found is None:
        withheld = (
            each["why"] for each in result.get("withheld", []) if (each["metric"], each["variant"]) == (metric, variant)
        )
        if (why := next(withheld, None)) is not None:
            return message("verdict.withheld", variant=variant, baseline=baseline, why=stored_message(why))
        return message("verdict.nothing", variant=variant, baseline=baseline)
    effect, low, high = (
        units.effect_field(metric, value, result["currency"])
        for value in (found["effect"], found["low"], found["high"])
    )
    if is_broken(result):
        return message("verdict.do_not_trust", variant=variant, baseline=found["baseline"], effect=effect)
    verdict = message(
        f"verdict.{interval_verdict(metric, found['low'], found['high']).replace(' ', '_')}",
        variant=variant,
        baseline=found["baseline"],
        effect=effect,
        low=low,
        high=high,
    )
    if found["discovery"]:
        verdict = message("verdict.discovery", verdict=verdict)
    return message("verdict.provisional", verdict=verdict) if found["provisional"] else verdict


def guardrail_message(guardrail: Guardrail) -> CodedMessage:
    """Whether a guardrail holds."""
    if guardrail["breached"]:
        return message("guardrail.alerted" if guardrail.get("alerted") else "guardrail.breached")
    return message("guardrail.holds" if is_known(guardrail) else "guardrail.not_known")


def is_known(guardrail: Guardrail) -> bool:
    """Of a result of before this was said: where the bound is all that there could be, nobody did it."""
    return guardrail.get("known", guardrail["breached"] or guardrail["low"] > -1)


def summary_message(summary: ExperimentSummary) -> CodedMessage:
    """How the variants do by the primary metric; first what speaks against trusting or sending any."""
    worst, rest = Listed(tuple(worst_messages(summary))), headline_message(summary)
    return message("experiment.worst_first", worst=worst, rest=rest) if worst.items else rest


def worst_messages(summary: ExperimentSummary) -> Iterator[CodedMessage]:
    """What speaks against trusting or sending any variant."""
    if summary["broken_split"]:
        yield message("experiment.is_broken")
    if breached := summary.get("breached"):
        yield message("experiment.is_breached", variants=names(breached))


def headline_message(summary: ExperimentSummary) -> CodedMessage:
    """How the variants do by the primary metric."""
    metric, headlines = summary["primary"], summary["headlines"]
    if metric is not None and headlines:
        variants = Listed(tuple(_headline(summary, metric, each) for each in headlines))
        return message(
            "experiment.headline", metric=metric_name(metric), baseline=headlines[0]["baseline"], variants=variants
        )
    if whys := summary.get("withheld"):
        return message("experiment.whys", whys=Listed(tuple(map(stored_message, whys))))
    return message("experiment.nothing_compared")


def _headline(summary: ExperimentSummary, metric: str, headline: Headline) -> CodedMessage:
    return message("experiment.words", words=Listed(tuple(_headline_words(summary, metric, headline))))


def _headline_words(summary: ExperimentSummary, metric: str, headline: Headline) -> Iterator[CodedMessage]:
    effect = units.effect_field(metric, headline["effect"], summary["currency"])
    yield message("experiment.variant_effect", variant=headline["variant"], effect=effect)
    if not summary["broken_split"]:
        yield verdict_message(metric, headline["low"], headline["high"])
    if headline["provisional"]:
        yield message("experiment.is_provisional")
    if headline["discovery"]:
        yield message("experiment.is_discovery")
