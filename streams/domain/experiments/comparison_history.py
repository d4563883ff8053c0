"""The history of comparisons that results carry: moments as they were, fewer of them the longer an experiment runs.

A compacted topic forgets what it said before, so a result carries its own history. Results of thousands of experiments
are written again every few seconds. So what stays of a history is kept apart from its last moment, which each result
replaces: the one is long and written when a span of time is over, which is once a minute or more seldom; the other is
short, and all that a result in between has to read and write.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast
from zlib import crc32

import msgspec
import orjson
from msgspec import Raw, Struct

from events.experiment_results import Comparison, ExperimentResult, History, Moment
from events.times import parse_time
from streams.domain.experiments.report.headline import comparison_of, primary_of

MAX_MOMENTS = 120
"""Moments of an experiment, of all its variants together: every result carries them, and a picture shows no more."""
MIN_MOMENTS = 12
"""Moments of a variant where there are many of them."""
SHORTEST_MS = 60_000
"""Of the spans of which one moment is kept: they are this long or longer by a power of two."""

Moments: TypeAlias = Sequence[Moment]


def with_moment(history: Moments, moment: Moment, most: int = MAX_MOMENTS, shift: int = 0) -> list[Moment]:
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


def end_of_last_span(history: Moments, most: int = MAX_MOMENTS, shift: int = 0) -> int:
    """When (ms) the span of the last moment ends: until then a later moment replaces it, unless it is the first.

    So `with_moment` changes nothing else of such a history until then.
    """
    now = _at(history[-1])
    if len(history) == 1:
        return now
    span = _span(history[0], now, most, shift)
    return ((now + shift) // span + 1) * span - shift


def with_history(before: ExperimentResult | None, result: ExperimentResult, shift: int = 0) -> ExperimentResult:
    """The result with the history of the one before it, and itself as the last moment. `shift`: see `with_moment`.

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
    most = max(MIN_MOMENTS, MAX_MOMENTS // len(variants.keys() | found.keys()))
    added = {
        variant: with_moment(variants.get(variant, ()), _moment(result["as_of"], each), most, shift)
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


MAX_MOMENTS_OF_ALL = 40_000
"""Moments of all experiments together."""
_UNTIL, _EDITION = 8, 8
"""Bytes in front of the JSON: when the span of the last moment ends (ms), and the edition of which it is."""
_HEAD = _UNTIL + _EDITION

Json: TypeAlias = dict[str, object]
"""A history to be written, with moments that are JSON already."""


class StoredSeries(Struct, frozen=True):
    """A history as it is stored. `stays`: all but the last moments, None before the first result; `last`: those."""

    stays: bytes | None = None
    last: bytes | None = None


class _Stays(Struct):
    metric: str
    baseline: str
    level: float
    variants: dict[str, Raw]


_read_stays = msgspec.json.Decoder(_Stays).decode
_read_last = msgspec.json.Decoder(dict[str, Raw]).decode


def moments_allowed(experiments: int) -> int:
    """How many moments each of so many experiments may have."""
    return max(MIN_MOMENTS, min(MAX_MOMENTS, MAX_MOMENTS_OF_ALL // max(1, experiments)))


def with_result(
    name: str, kept: StoredSeries, result: ExperimentResult, now: int, most: int
) -> tuple[StoredSeries, Json | None]:
    """The history to store and the one to publish, both ending with `result`; None while nothing was compared.

    It is what `with_history` says, thinned to `most` moments of all variants.
    """
    edition = result.get("definition", "").encode().ljust(_EDITION)
    stays, last = _read_series(kept, edition)
    present = with_history(None, result).get("history")
    if stays is not None and present is None:
        return kept, _joined(stays, last)
    if stays is None or present is None or _is_due(kept, stays, present, now):
        held = None if stays is None else orjson.loads(orjson.dumps(_joined(stays, last)))
        return _begun(name, edition, held, result, most)
    last |= {variant: Raw(orjson.dumps(moments[-1])) for variant, moments in present["variants"].items()}
    return StoredSeries(kept.stays, msgspec.json.encode(last)), _joined(stays, last)


def _read_series(kept: StoredSeries, edition: bytes) -> tuple[_Stays | None, dict[str, Raw]]:
    """What is stored of this edition; nothing of another one."""
    if kept.stays is None or kept.stays[_UNTIL:_HEAD] != edition or not kept.stays[_HEAD:]:
        return None, {}
    return _read_stays(kept.stays[_HEAD:]), {} if kept.last is None else _read_last(kept.last)


def _is_due(kept: StoredSeries, stays: _Stays, present: History, now: int) -> bool:
    """Whether more than the last moments has to be rewritten."""
    is_other = (stays.metric, stays.baseline, stays.level) != (
        present["metric"],
        present["baseline"],
        present["level"],
    )
    is_over = int.from_bytes((kept.stays or b"")[:_UNTIL]) <= now
    return is_over or is_other or not present["variants"].keys() <= stays.variants.keys()


def _begun(
    name: str, edition: bytes, held: History | None, result: ExperimentResult, most: int
) -> tuple[StoredSeries, Json | None]:
    """A new span, with the result as its only moment."""
    before = None
    if held is not None:
        before = cast(ExperimentResult, {"definition": result.get("definition", ""), "history": held})
    shift = crc32(name.encode()) % SHORTEST_MS
    history = with_history(before, result, shift).get("history")
    if history is None:
        return StoredSeries(bytes(_UNTIL) + edition), None
    each = max(3, most // max(1, len(history["variants"])))
    variants = {
        variant: with_moment(moments[:-1], moments[-1], each, shift) for variant, moments in history["variants"].items()
    }
    ends = min(end_of_last_span(moments, each, shift) for moments in variants.values())
    stays = {**history, "variants": {variant: moments[:-1] for variant, moments in variants.items()}}
    last = {variant: moments[-1] for variant, moments in variants.items()}
    return StoredSeries(ends.to_bytes(_UNTIL) + edition + orjson.dumps(stays), orjson.dumps(last)), {
        **history,
        "variants": variants,
    }


def _joined(stays: _Stays, last: Mapping[str, Raw]) -> Json:
    variants = {
        variant: orjson.Fragment(_with(bytes(raw), last.get(variant))) for variant, raw in stays.variants.items()
    }
    return {"metric": stays.metric, "baseline": stays.baseline, "level": stays.level, "variants": variants}


def _with(moments: bytes, last: Raw | None) -> bytes:
    """A list in JSON with one more."""
    if last is None:
        return moments
    return moments[:-1] + (b"" if moments == b"[]" else b",") + bytes(last) + b"]"
