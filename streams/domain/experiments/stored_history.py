"""The history that results carry, as it is kept beside experiments.

Results of thousands of experiments are written again every few seconds. So what stays of a history is kept apart from
its last moment, which each result replaces: the one is long and written when a span of time is over, which is once a
minute or more seldom; the other is short, and all that a result in between has to read and write.
"""

from collections.abc import Mapping
from typing import TypeAlias, cast
from zlib import crc32

import msgspec
import orjson
from msgspec import Raw, Struct

from events.experiment_results import ExperimentResult, History
from streams.domain.experiments.comparison_history import LEAST, MOST, SHORTEST_MS, extended, until, with_history

ALL = 40_000
"""Moments of all experiments together."""
_UNTIL, _EDITION = 8, 8
"""Bytes in front of the JSON: when the span of the last moment ends (ms), and the edition of which it is."""
_HEAD = _UNTIL + _EDITION

Json: TypeAlias = dict[str, object]
"""A history to be written, with moments that are JSON already."""


class StoredSeries(Struct, frozen=True):
    """`stays`: without the last moments, None before the first result; `last`: those, by variant."""

    stays: bytes | None = None
    last: bytes | None = None


class _Stays(Struct):
    metric: str
    baseline: str
    level: float
    variants: dict[str, Raw]


_read_stays = msgspec.json.Decoder(_Stays).decode
_read_last = msgspec.json.Decoder(dict[str, Raw]).decode


def most_of(experiments: int) -> int:
    """How many moments each of so many experiments may have."""
    return max(LEAST, min(MOST, ALL // max(1, experiments)))


def with_result(
    name: str, kept: StoredSeries, result: ExperimentResult, now: int, most: int
) -> tuple[StoredSeries, Json | None]:
    """What is to be kept, and the history that ends with the result; None while nothing was compared.

    It is what `with_history` says, thinned to `most` moments of all variants.
    """
    edition = result.get("definition", "").encode().ljust(_EDITION)
    stays, last = _read(kept, edition)
    present = with_history(None, result).get("history")
    if stays is not None and present is None:
        return kept, _joined(stays, last)
    if stays is None or present is None or _is_due(kept, stays, present, now):
        held = None if stays is None else orjson.loads(orjson.dumps(_joined(stays, last)))
        return _begun(name, edition, held, result, most)
    last |= {variant: Raw(orjson.dumps(moments[-1])) for variant, moments in present["variants"].items()}
    return StoredSeries(kept.stays, msgspec.json.encode(last)), _joined(stays, last)


def _read(kept: StoredSeries, edition: bytes) -> tuple[_Stays | None, dict[str, Raw]]:
    """Nothing of another edition."""
    if kept.stays is None or kept.stays[_UNTIL:_HEAD] != edition or not kept.stays[_HEAD:]:
        return None, {}
    return _read_stays(kept.stays[_HEAD:]), {} if kept.last is None else _read_last(kept.last)


def _is_due(kept: StoredSeries, stays: _Stays, present: History, now: int) -> bool:
    """Whether more is to be changed than the last moments."""
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
        variant: extended(moments[:-1], moments[-1], each, shift) for variant, moments in history["variants"].items()
    }
    ends = min(until(moments, each, shift) for moments in variants.values())
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
