"""The table of experiments: each experiment, and an index of what has to be known of all of them at once.

The index tells which experiments found something, and when there is something to do.
"""

from collections.abc import Collection, Mapping
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from events.experiment_results import Status
from events.experiments.metrics import GUARDRAILS
from streams.domain.experiments.totals import ExperimentTotals
from streams.domain.formats import Format, Stored
from streams.domain.formats import encode as write
from streams.domain.inference.multiple_testing import discoveries


class Experiment(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """The state of an experiment. `edition`: the rule by which the figures that are shown were counted.

    `totals`: by edition, exact at any time. `definition`: the value of the record that says what is shown, None for the
    defaults; `next`: of the one that is to be shown once all partitions stand at its edition, empty if there is none.
    `stands`: by partition another edition than the one shown, at which it stands. `frozen`: what is shown while people
    are counted anew by another edition.

    `peaks`: the largest logarithms of e-values so far, by variant, and `split_peak` that of the split; `peaks_of`: what
    they are of. Those in `Peaks` are newer, where there are any. `told`: the alerts that were sent. `added`: the offset
    up to which what was told is in `totals`; what is aside behind it has to be added.
    """

    edition: str = ""
    totals: dict[str, ExperimentTotals] = {}
    definition: bytes | None = None
    next: bytes | None = b""
    stands: dict[int, str] = {}
    frozen: ExperimentTotals | None = None
    peaks: dict[str, bytes] = {}
    split_peak: float = 0.0
    peaks_of: str = ""
    told: tuple[str, ...] = ()
    added: int = -1


class Peaks(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The largest e-values of an experiment, stored apart whenever they change, since they cannot be added up again."""

    peaks: dict[str, bytes] = {}
    split_peak: float = 0.0
    peaks_of: str = ""


class IndexEntry(Struct, frozen=True, array_like=True, gc=False):
    """What the index holds of one experiment. Times in ms of append time.

    `heard`: of last. `due`: when a day closes or the experiment ends. `log_e`: of the primary metric by variant, over
    closed days, None of an experiment that does not run: it is judged once more when it is first seen to have ended.
    `found`: which of them are discoveries. `changed`: since when something is in no result yet.
    """

    heard: int = 0
    due: int | None = None
    log_e: tuple[tuple[str, float], ...] | None = None
    found: tuple[str, ...] = ()
    status: Status = "running"
    changed: int | None = None


class ExperimentIndex(Struct, frozen=True, array_like=True, tag=2):
    """The entries of all experiments. `recounting`: partitions in which everybody is counted anew.

    `added`: the offset up to which all partial counts have been read.
    """

    lines: dict[str, IndexEntry] = {}
    recounting: frozenset[int] = frozenset()
    added: int = -1


TableRecord: TypeAlias = Experiment | ExperimentIndex | Peaks


class _Stored(Stored, frozen=True, array_like=True):
    kept: TableRecord


FORMAT = Format("experiments", 3, _Stored)


def encode(kept: TableRecord) -> bytes:
    """A record of the table as bytes."""
    return write(_Stored(FORMAT.number, kept))


def decode(data: bytes) -> TableRecord:
    """The record in bytes of the table. Raises `Unreadable`."""
    return FORMAT.decode(data).kept


MAX_EXPERIMENTS = 10_000
"""Experiments that are kept, those that came first. A defined one finds room among twice as many."""
MAX_AT_ONCE = 2_500
"""Experiments that are evaluated at once, for a quarter of a second, while all else in the worker waits.

So 5,000 take two ticks. See `PART` of the agent for what follows.
"""
FORGOTTEN_AFTER_MS = 400 * 86_400_000


def discoveries_of(lines: Mapping[str, IndexEntry]) -> dict[str, tuple[str, ...]]:
    """By running experiment the variants whose primary metric is a discovery among all experiments (e-BH).

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


def watched_guardrails(lines: Mapping[str, IndexEntry], but: Collection[str] = ()) -> int:
    """How many guardrails are watched: all metrics that can be, for each variant that has a baseline.

    An experiment that was not looked at yet has one such variant at least.
    """
    variants = (max(1, len(line.log_e or ())) for name, line in lines.items() if name not in but and _runs(line))
    return len(GUARDRAILS) * sum(variants)


def _runs(line: IndexEntry) -> bool:
    return line.status != "ended"


def judged_and_ended(lines: Mapping[str, IndexEntry]) -> dict[str, IndexEntry]:
    """Entries, as they are from now on, of experiments that have ended and were judged for the last time."""
    done = {name: line for name, line in lines.items() if line.log_e is not None and not _runs(line)}
    return {name: replace(line, log_e=None) for name, line in done.items()}


def due_experiments(lines: Mapping[str, IndexEntry], now: int) -> list[str]:
    """Experiments of which a day has closed by `now`, or that have ended."""
    return [name for name, line in lines.items() if line.due is not None and line.due <= now]


def next_due(lines: Mapping[str, IndexEntry]) -> int | None:
    """When the next experiment is due, even if no record comes."""
    return min((when for line in lines.values() for when in (line.due, line.changed) if when is not None), default=None)


def first_due(lines: Mapping[str, IndexEntry], now: int) -> set[str]:
    """Experiments to evaluate now: those that have waited longest, at most `MAX_AT_ONCE`."""
    waiting = {name: line.changed for name, line in lines.items() if line.changed is not None}
    waiting |= {name: lines[name].due or 0 for name in due_experiments(lines, now) if name not in waiting}
    if len(waiting) <= MAX_AT_ONCE:
        return set(waiting)
    return set(sorted(waiting, key=lambda name: waiting[name])[:MAX_AT_ONCE])


def forgotten_experiments(lines: Mapping[str, IndexEntry], now: int) -> Collection[str]:
    """Experiments of which nothing was counted for `FORGOTTEN_AFTER_MS`."""
    return [name for name, line in lines.items() if line.heard < now - FORGOTTEN_AFTER_MS]
