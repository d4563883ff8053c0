"""How often a worker has stopped itself, and why, kept in its state directory: a process takes its counters with it.

One that is fenced, started again and fenced again would look like one that has just begun.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from streams.platform.errors import Fenced, StateLost

REASONS = ("fenced", "state_lost", "other")
_FILE = "fail-stops.json"


def fail_stops(state_dir: Path) -> Mapping[str, int]:
    """By reason, all of them. One that cannot be read counts as nothing."""
    found: dict[str, int] = dict.fromkeys(REASONS, 0)
    with suppress(OSError, ValueError):
        said = json.loads((state_dir / _FILE).read_bytes())
        if isinstance(said, dict):
            found.update((reason, said[reason]) for reason in REASONS if isinstance(said.get(reason), int))
    return found


def note_fail_stop(state_dir: Path, error: BaseException) -> None:
    """Count one more. A disk that is full must not keep the process from ending."""
    counts = dict(fail_stops(state_dir))
    counts[reason_of(error)] += 1
    with suppress(OSError):
        fresh = state_dir / f"{_FILE}.new"
        fresh.write_text(json.dumps(counts))
        os.replace(fresh, state_dir / _FILE)  # noqa: PTH105 (so that there is always one of them whole)


def reason_of(error: BaseException) -> str:
    """Its word among `REASONS`."""
    match error:
        case Fenced():
            return "fenced"
        case StateLost():
            return "state_lost"
    return "other"
