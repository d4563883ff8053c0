"""How a comparison went over time, kept short: moments as they were, fewer of them the longer an experiment runs.

A compacted topic forgets what it said before, so the result carries its own history.
"""

from collections.abc import Sequence
from typing import TypeAlias

from events.experiment_results import Comparison, ExperimentResult, History, Moment
from events.times import parse_time
from streams.domain.experiments.report.headline import comparison_of, primary_of

MOST = 120
"""Moments of an experiment, of all its variants together: every result carries them, and a picture shows no more."""
LEAST = 12
"""Moments of a variant where there are many of them."""
SHORTEST_MS = 60_000
"""Of the spans of which one moment is kept: they are this long or longer by a power of two."""

Moments: TypeAlias = Sequence[Moment]


def extended(history: Moments, moment: Moment, most: int = MOST, shift: int = 0) -> list[Moment]:
    """The history with a moment more, and at most so many (3 at least): the first, and the last of each span of time.

    Spans begin at whole multiples of their length, so what a shorter one has dropped a longer one would have dropped
    too: thinning little by little ends as thinning all at once. What was said at that time or later is said anew.
    `shift`: so many ms earlier, that those of thousands of experiments do not all begin at once.
    """
    if not history:
        return [moment]
    now = _at(moment)
    kept = [earlier for earlier in history if _at(earlier) < now] + [moment]
    span = _span(kept[0], now, most, shift)
    last = {(_at(each) + shift) // span: each for each in kept}
    first = [] if last[(_at(kept[0]) + shift) // span] is kept[0] else [kept[0]]
    return [*first, *last.values()]


def until(history: Moments, most: int = MOST, shift: int = 0) -> int:
    """When (ms) the span ends in which the last moment is: up to then a later one takes its place, but for the first.

    So `extended` changes nothing else of such a history until then.
    """
    now = _at(history[-1])
    if len(history) == 1:
        return now
    span = _span(history[0], now, most, shift)
    return ((now + shift) // span + 1) * span - shift


def with_history(before: ExperimentResult | None, result: ExperimentResult, shift: int = 0) -> ExperimentResult:
    """The result with the history of the one before it, and itself as the last moment. `shift`: see `extended`.

    It begins anew where the definition, the primary metric, the baseline or the level is another: those figures cannot
    be held against each other. Without a comparison now, what there was stays.
    """
    metric = primary_of(result)
    found = {each["variant"]: each for each in _headlines(result, metric)}
    known = None if before is None or not _is_of_the_same(before, result) else before.get("history")
    if not found or metric is None:
        return result if known is None else {**result, "history": known}
    [one, *_] = found.values()
    if known is None or (known["metric"], known["baseline"], known["level"]) != (metric, one["baseline"], one["level"]):
        known = {"metric": metric, "baseline": one["baseline"], "level": one["level"], "variants": {}}
    variants = known["variants"]
    most = max(LEAST, MOST // len(variants.keys() | found.keys()))
    added = {
        variant: extended(variants.get(variant, ()), _moment(result["as_of"], each), most, shift)
        for variant, each in found.items()
    }
    history: History = {
        "metric": metric,
        "baseline": known["baseline"],
        "level": known["level"],
        "variants": {**variants, **added},
    }
    return {**result, "history": history}


def _is_of_the_same(before: ExperimentResult, after: ExperimentResult) -> bool:
    return before.get("definition") == after.get("definition")


def _headlines(result: ExperimentResult, metric: str | None) -> list[Comparison]:
    found = [comparison_of(result, metric, variant) for variant in result["variants"]] if metric is not None else []
    return [each for each in found if each is not None]


def _moment(as_of: str, comparison: Comparison) -> Moment:
    return {
        "as_of": as_of,
        "effect": _short(comparison["effect"]),
        "low": _short(comparison["low"]),
        "high": _short(comparison["high"]),
        "people": comparison.get("people"),
        "provisional": comparison["provisional"],
    }


def _short(value: float) -> float:
    """Six digits: nobody reads more off a picture."""
    return float(f"{value:.6g}")


def _span(first: Moment, now: int, most: int, shift: int) -> int:
    """The shortest of which there are so many since the first moment."""
    span = SHORTEST_MS
    while (now + shift) // span - (_at(first) + shift) // span + 2 > most:
        span *= 2
    return span


def _at(moment: Moment) -> int:
    return parse_time(moment["as_of"]) or 0
