"""What has to be known of all experiments at once: which of them found something, and when there is something to do."""

from collections.abc import Collection, Mapping

import numpy as np
from msgspec.structs import replace

from events.experiments.metrics import GUARDRAILS
from streams.domain.experiments.table_records import Line
from streams.domain.inference.multiple_testing import discoveries

MOST = 10_000
"""Experiments that are kept; of more those that came first. A defined one finds room among twice as many."""
AT_ONCE = 2_500
"""Experiments that are looked at in one go, for a quarter of a second: everybody else in the worker waits so long.

So 5,000 take two ticks. See `PART` of the agent for what follows.
"""
FORGOTTEN_AFTER_MS = 400 * 86_400_000


def found_by(lines: Mapping[str, Line]) -> dict[str, tuple[str, ...]]:
    """By experiment that is judged the variants of which the primary metric is a discovery among all of them (e-BH).

    One that waits to be looked at for the first time, as thousands do after a restore, is a claim without evidence.
    """
    claims = [(name, variant, log_e) for name, line in lines.items() for variant, log_e in line.log_e or ()]
    found: dict[str, tuple[str, ...]] = {name: () for name, line in lines.items() if line.log_e is not None}
    if not claims:
        return found
    waiting = sum(line.log_e is None and _runs(line) for line in lines.values())
    are = discoveries(np.array([*(log_e for _, _, log_e in claims), *[-np.inf] * waiting], np.float64))
    for place in np.flatnonzero(are).tolist():
        name, variant, _ = claims[place]
        found[name] += (variant,)
    return found


def watched(lines: Mapping[str, Line], but: Collection[str] = ()) -> int:
    """How many guardrails there are: all that can be watched, of each variant beside a baseline.

    An experiment that was not looked at yet has one such variant at least.
    """
    variants = (max(1, len(line.log_e or ())) for name, line in lines.items() if name not in but and _runs(line))
    return len(GUARDRAILS) * sum(variants)


def _runs(line: Line) -> bool:
    return line.status != "ended"


def settled(lines: Mapping[str, Line]) -> dict[str, Line]:
    """The lines of those that have ended and were judged for the last time, by what they are from now on."""
    done = {name: line for name, line in lines.items() if line.log_e is not None and not _runs(line)}
    return {name: replace(line, log_e=None) for name, line in done.items()}


def due(lines: Mapping[str, Line], now: int) -> list[str]:
    """The experiments of which a day closes by now, or that end."""
    return [name for name, line in lines.items() if line.due is not None and line.due <= now]


def next_due(lines: Mapping[str, Line]) -> int | None:
    """When there is something to do, also if nothing comes."""
    return min((when for line in lines.values() for when in (line.due, line.changed) if when is not None), default=None)


def first_due(lines: Mapping[str, Line], now: int) -> set[str]:
    """Those whose turn it is to be looked at: the ones that have waited longest, no more than there is time for."""
    waiting = {name: line.changed for name, line in lines.items() if line.changed is not None}
    waiting |= {name: lines[name].due or 0 for name in due(lines, now) if name not in waiting}
    if len(waiting) <= AT_ONCE:
        return set(waiting)
    return set(sorted(waiting, key=lambda name: waiting[name])[:AT_ONCE])


def forgotten(lines: Mapping[str, Line], now: int) -> Collection[str]:
    """Those of which nothing was heard for so long that they are of no use to anybody."""
    return [name for name, line in lines.items() if line.heard < now - FORGOTTEN_AFTER_MS]
