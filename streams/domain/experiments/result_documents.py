"""Results of experiments as JSON documents, with the warnings that belong to them."""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from math import exp, isnan

from events.experiment_results import (
    Comparison,
    ContactedEffect,
    ExperimentResult,
    Guardrail,
    Metric,
    SampleRatio,
    Status,
    Variant,
    Withheld,
)
from events.experiments.metrics import GUARDRAILS, PLACE
from events.experiments.metrics import Metric as Name
from streams.domain.contact.sections.human_hours import KEPT
from streams.domain.experiments.analysis_plan import MOST_PLANS, UNDEFINED, AnalysisPlan
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.evaluation import LEVEL
from streams.domain.experiments.evaluation_results import (
    CaseEvaluation,
    ContactedComparisons,
    Evaluation,
    ScopeComparisons,
    place_of,
)
from streams.domain.experiments.report.stored_sentences import names, part, variant_with_people
from streams.domain.inference.arms import MIN_GROUPS, MIN_PEOPLE
from streams.domain.inference.split import THRESHOLD
from streams.domain.messages import CodedMessage, Listed, english, message


def result_warnings(plan: AnalysisPlan, looked: CaseEvaluation, of: Evaluation) -> list[str]:
    """Sentences; the words before the colon are explained in docs/experiments-reading.md."""
    return [warning if isinstance(warning, str) else english(warning) for warning in _result_warnings(plan, looked, of)]


def _result_warnings(plan: AnalysisPlan, looked: CaseEvaluation, of: Evaluation) -> Iterator[CodedMessage | str]:
    assigned = of.assigned[looked.first : looked.first + len(looked.variants)]
    people = {name: n for name, n in zip(looked.variants, assigned, strict=True) if n > 0}
    if plan.arms:
        strange = [name for name in looked.variants if name not in plan.arms and name in people]
        if strange:
            who = Listed(tuple(variant_with_people(name, people[name]) for name in strange[:5]))
            yield message("experiment.unplanned_variant", variants=who)
    if plan.why_unchecked and len(people) > 1:
        yield _unchecked(plan.why_unchecked, tuple(people.items()), is_cured=not plan.differs_by_stratum)
    elif plan.why_unchecked == UNDEFINED and people:
        yield message("experiment.not_defined")
    if unwatched := [metric for metric in plan.guardrails if metric not in GUARDRAILS]:
        yield message("experiment.not_a_guardrail", metrics=names(unwatched), guardrails=names(GUARDRAILS))


@lru_cache(maxsize=MOST_PLANS)
def _unchecked(why: str, people: Sequence[tuple[str, int]], *, is_cured: bool) -> str:
    """With the parts, so that who knows what was meant sees what a check would have found. They seldom change."""
    everybody = sum(n for _, n in people)
    parts = Listed(tuple(part(name, n / everybody) for name, n in people[:5]), max(0, len(people) - 5))
    code = "experiment.split_not_checked_define" if is_cured else "experiment.split_not_checked"
    return english(message(code, why=why, parts=parts))


_LARGEST = 690.0
"""A logarithm whose e-value is still a number that JSON has."""
_ALPHA = 1 - LEVEL
_NOT_CONTACTED = frozenset({"contacted"})

TOO_FEW = english(message("experiment.too_few_people", least=MIN_PEOPLE))
TOO_FEW_GROUPS = english(message("experiment.too_few_groups", least=MIN_GROUPS))
TOO_RARE = english(message("experiment.too_rare"))
FORGOTTEN = english(message("experiment.forgotten", days=KEPT // DAY_MS))
_MUCH = 0.01
"""Part of the assigned of whom a metric is not known from which on nothing is compared by it."""


def result_of(  # noqa: PLR0913 (each is a part of a result)
    experiment: str,
    plan: AnalysisPlan,
    looked: CaseEvaluation,
    of: Evaluation,
    guardrails: list[Guardrail],
    *,
    as_of: str,
    status: Status,
    found: Collection[str] = (),
) -> ExperimentResult:
    """The value, without history. `found`: variants of which the primary metric is a discovery."""
    contaminated = sum(of.contaminated[looked.first : looked.first + len(looked.variants)])
    comparisons, withheld = _comparisons(plan, looked, of, found)
    result: ExperimentResult = {
        "experiment": experiment,
        "as_of": as_of,
        "status": status,
        "contaminated": contaminated,
        "currency": plan.rule.currency,
        "variants": _variants(plan, looked, of),
        "comparisons": comparisons,
        "sample_ratio": _sample_ratio(plan, looked),
        "guardrails": guardrails,
        "unit": plan.rule.unit,
        "baseline": looked.baseline,
        "window_s": plan.rule.window_ms // 1000,
        "winsorised_at": plan.rule.winsorise,
        "definition": plan.rule.edition,
        "primary": plan.metrics[0],
    }
    if withheld:
        result["withheld"] = withheld
    if contacted := _contacted(plan, looked, of):
        result["contacted"] = contacted
    if warnings := result_warnings(plan, looked, of):
        result["warnings"] = warnings
    return result


def is_broken(looked: CaseEvaluation) -> bool:
    """Whether people were surely not assigned as planned."""
    return looked.split_p < THRESHOLD


def _variants(plan: AnalysisPlan, looked: CaseEvaluation, of: Evaluation) -> dict[str, Variant]:
    found: dict[str, Variant] = {}
    places = [(metric, PLACE[metric]) for metric in plan.metrics]
    for arm, name in enumerate(looked.variants, looked.first):
        n, sums = of.assigned[arm], of.sums[arm]
        metrics: dict[str, Metric] = {
            metric: _metric(sums[place], n, of.unknown[arm][place]) for metric, place in places
        }
        found[name] = {"assigned": n, "metrics": metrics, "closed": of.closed[arm]}
    return found


def _metric(total: int, people: int, unknown: int) -> Metric:
    known = people - unknown
    found: Metric = {"sum": total, "mean": total / known if known > 0 else None}
    return {**found, "unknown": unknown} if unknown else found


def _is_unknown(of: Evaluation, arms: Sequence[int], place: int) -> bool:
    """Whether too few are left of whom it is known in one of them."""
    return any(of.unknown[arm][place] > _MUCH * of.assigned[arm] for arm in arms)


def _comparisons(
    plan: AnalysisPlan, looked: CaseEvaluation, of: Evaluation, found: Collection[str]
) -> tuple[list[Comparison], list[Withheld]]:
    made: list[Comparison] = []
    withheld: list[Withheld] = []
    baseline = looked.baseline or ""
    for variant, pair in looked.pairs.items():
        arm, of_baseline = looked.arms_of(variant)
        closed = of.closed[arm] or of.closed[of_baseline]
        is_open = (of.closed[arm], of.closed[of_baseline]) != (of.assigned[arm], of.assigned[of_baseline])
        for metric in plan.metrics:
            if _is_unknown(of, (arm, of_baseline), PLACE[metric]):
                withheld.append({"metric": metric, "variant": variant, "why": FORGOTTEN})
                continue
            at = place_of(pair, PLACE[metric])
            is_made = False
            if closed and of.over_closed.enough[at]:
                discovery = variant in found and metric == plan.metrics[0]
                made.append(_comparison(metric, variant, baseline, of.over_closed, at, discovery=discovery))
                is_made = True
            if (is_open or not closed) and of.over_all.enough[at]:
                made.append(_comparison(metric, variant, baseline, of.over_all, at, provisional=True))
                is_made = True
            if not is_made:
                withheld.append({"metric": metric, "variant": variant, "why": _why(of.over_all, pair)})
    return made, withheld


def _comparison(  # noqa: PLR0913 (its fields)
    metric: Name,
    variant: str,
    baseline: str,
    scope: ScopeComparisons,
    at: int,
    *,
    discovery: bool = False,
    provisional: bool = False,
) -> Comparison:
    log_e = scope.log_e[at]
    return {
        "metric": metric,
        "variant": variant,
        "baseline": baseline,
        "effect": scope.effect[at],
        "low": scope.low[at],
        "high": scope.high[at],
        "level": LEVEL,
        "p_always_valid": scope.p[at],
        "e_value": exp(log_e if log_e < _LARGEST else _LARGEST),
        "discovery": discovery,
        "provisional": provisional,
        "raw_effect": scope.raw_effect[at],
        "people": int(scope.people[at]),
    }


def _why(scope: ScopeComparisons, pair: int) -> str:
    if scope.too_few[pair]:
        return TOO_FEW
    return TOO_FEW_GROUPS if scope.too_few_groups[pair] else TOO_RARE


def _sample_ratio(plan: AnalysisPlan, looked: CaseEvaluation) -> SampleRatio:
    ratio: SampleRatio = {"p_always_valid": looked.split_p, "broken": is_broken(looked)}
    if plan.split:
        ratio["planned"] = dict(plan.split)
    else:
        ratio["not_checked"] = plan.why_unchecked
    return ratio


def guardrails_of(plan: AnalysisPlan, looked: CaseEvaluation, of: Evaluation) -> list[Guardrail]:
    """What is watched, whether it is breached or not."""
    return [
        {
            "metric": metric,
            "variant": variant,
            "baseline": looked.baseline or "",
            "effect": of.harms.effect[at],
            "low": of.harms.low[at],
            "p_always_valid": of.harms.p[at],
            "breached": of.harms.p[at] < _ALPHA,
            "known": _is_known(of, pair, at),
        }
        for metric in plan.guardrails
        if metric in GUARDRAILS
        for variant, pair in looked.pairs.items()
        for at in (place_of(pair, PLACE[metric]),)
        if of.harms.enough[at]
    ]


def _is_known(of: Evaluation, pair: int, at: int) -> bool:
    """Whether a guardrail that is not breached says anything: nobody knows of too few people, nor where nobody did it.

    A difference of parts is never below -1, so a bound there says nothing.
    """
    if of.harms.p[at] < _ALPHA:
        return True
    return of.harms.low[at] > -1 and not (of.over_all.too_few[pair] or of.over_all.too_few_groups[pair])


def _contacted(plan: AnalysisPlan, looked: CaseEvaluation, of: Evaluation) -> list[ContactedEffect]:
    """Over closed days where those are enough, else over everybody."""
    made: list[ContactedEffect] = []
    scopes = (of.contacted_closed, False), (of.contacted_all, True)
    for variant, pair in looked.pairs.items():
        found = [
            (scope, place, provisional)
            for scope, provisional in scopes
            if (place := scope.place.get(pair)) is not None and scope.any_enough[place]
        ]
        for metric in plan.metrics if found else ():
            if metric in _NOT_CONTACTED or _is_unknown(of, looked.arms_of(variant), PLACE[metric]):
                continue
            for scope, place, provisional in found:
                if scope.enough[at := place_of(place, PLACE[metric])]:
                    made.append(
                        _on_contacted(metric, variant, looked.baseline or "", scope, at, provisional=provisional)
                    )
                    break
    return made


def _on_contacted(  # noqa: PLR0913 (its fields)
    metric: Name, variant: str, baseline: str, scope: ContactedComparisons, at: int, *, provisional: bool
) -> ContactedEffect:
    low, high = scope.low[at], scope.high[at]
    return {
        "metric": metric,
        "variant": variant,
        "baseline": baseline,
        "contact_rate": scope.rate[at],
        "baseline_contact_rate": scope.baseline_rate[at],
        "effect": scope.effect[at],
        "low": None if isnan(low) else low,
        "high": None if isnan(high) else high,
        "level": LEVEL,
        "provisional": provisional,
    }


def discoverable(plan: AnalysisPlan, looked: CaseEvaluation, of: Evaluation) -> Sequence[tuple[str, float]]:
    """The logarithms of e-values of now of the primary metric over closed days, by variant."""
    place = PLACE[plan.metrics[0]]
    return tuple((variant, of.over_closed.log_e[place_of(pair, place)]) for variant, pair in looked.pairs.items())
