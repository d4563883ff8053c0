"""The history that results carry, as it is kept beside experiments: JSON that goes into each result as it is.

Results of thousands of experiments are written again every few seconds, so their histories are short then, and get a
moment more once a minute.
"""

from typing import cast
from zlib import crc32

import orjson

from events.experiment_results import ExperimentResult, History
from streams.experiments.history import LEAST, MOST, SHORTEST_MS, extended, with_history

ALL = 40_000
"""Moments of all experiments together."""
_AT, _EDITION = 8, 8
"""Bytes in front of the JSON: when it got its last moment (ms), and the edition of which it is."""
_HEAD = _AT + _EDITION


def most_of(experiments: int) -> int:
    """How many moments each of so many experiments may have."""
    return max(LEAST, min(MOST, ALL // max(1, experiments)))


def is_time(name: str, now: int, kept: bytes) -> bool:
    """Whether a moment is due: not for all experiments at once, since it takes a while."""
    shift = crc32(name.encode()) % SHORTEST_MS
    return (now + shift) // SHORTEST_MS != (int.from_bytes(kept[:_AT]) + shift) // SHORTEST_MS


def json_of(kept: bytes) -> bytes:
    """The history in it; empty if there is none yet."""
    return kept[_HEAD:]


def with_moment(kept: bytes | None, result: ExperimentResult, now: int, most: int) -> bytes:
    """What is to be kept, with the result as its last moment."""
    edition = result.get("definition", "").encode().ljust(_EDITION)
    before = None
    if kept is not None and kept[_AT:_HEAD] == edition and json_of(kept):
        held = {"definition": result.get("definition", ""), "history": orjson.loads(json_of(kept))}
        before = cast(ExperimentResult, held)
    history = with_history(before, result).get("history")
    return now.to_bytes(_AT) + edition + (b"" if history is None else orjson.dumps(_short(history, most)))


def _short(history: History, most: int) -> History:
    each = max(3, most // max(1, len(history["variants"])))
    variants = {
        name: moments if len(moments) <= each else extended(moments[:-1], moments[-1], each)
        for name, moments in history["variants"].items()
    }
    return {**history, "variants": variants}
