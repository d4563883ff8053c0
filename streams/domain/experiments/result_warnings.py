"""What a result says of itself where its figures do not: the `warnings` of `experiment-results`."""

from collections.abc import Sequence
from functools import lru_cache

from events.experiments.metrics import GUARDRAILS
from streams.domain.experiments.analysis_plan import MOST_PLANS, UNDEFINED, Plan
from streams.domain.experiments.evaluation_results import Evaluated, Looked
from streams.domain.experiments.report.units import percent


def remarks_of(plan: Plan, looked: Looked, of: Evaluated) -> list[str]:
    """Sentences; the words before the colon are explained in docs/experiments-reading.md."""
    warnings: list[str] = []
    assigned = of.assigned[looked.first : looked.first + len(looked.variants)]
    people = {name: n for name, n in zip(looked.variants, assigned, strict=True) if n > 0}
    if plan.arms:
        strange = [name for name in looked.variants if name not in plan.arms and name in people]
        if strange:
            who = ", ".join(f"{name} ({people[name]:,} people)" for name in strange[:5])
            warnings.append(f"UNPLANNED VARIANT: {who}: not in the definition, so not in the check of the split")
    if plan.why_unchecked and len(people) > 1:
        warnings.append(_unchecked(plan.why_unchecked, tuple(people.items()), is_cured=not plan.differs_by_stratum))
    elif plan.why_unchecked == UNDEFINED and people:
        warnings.append(
            "NOT DEFINED: nobody has defined the experiment, and all who are in it are in one variant. Is its id "
            "written as you meant it? Define it with `harmonia experiments define`, or mend the id where it is sent"
        )
    if unwatched := [metric for metric in plan.guardrails if metric not in GUARDRAILS]:
        warnings.append(f"NOT A GUARDRAIL: {', '.join(unwatched)}: only {', '.join(GUARDRAILS)} can be watched")
    return warnings


@lru_cache(maxsize=MOST_PLANS)
def _unchecked(why: str, people: Sequence[tuple[str, int]], *, is_cured: bool) -> str:
    """With the parts, so that who knows what was meant sees what a check would have found. They seldom change."""
    everybody = sum(n for _, n in people)
    parts = [f"{name} {percent(n / everybody)}" for name, n in people]
    shown = ", ".join(parts[:5]) + (f" and {len(parts) - 5} more" if len(parts) > 5 else "")
    cure = ". Say what is planned with `harmonia experiments define`, and everybody so far is checked as well"
    return (
        f"SPLIT NOT CHECKED: {why}. People are in {shown}: if that is not as you meant it, trust no "
        f"difference{cure if is_cured else ''}"
    )
