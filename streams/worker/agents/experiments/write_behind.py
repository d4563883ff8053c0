"""Write-behind cache of experiments: they are kept in memory until they are written, and for a while after that."""

from collections.abc import Collection, Mapping
from zlib import crc32

from msgspec import Struct

from streams.domain.experiments.experiment_table import Experiment
from streams.domain.experiments.row_table import RowTable

SOONEST_MS, SPREAD_MS = 30_000, 15_000
"""An experiment is written so long after the store had it as it was; not all of them at once."""

MOST_BYTES = 64 << 20
"""Of experiments in the cache. What there is no room for is written at once."""


class CachedExperiment(Struct):
    """A cached experiment; `is_stored`: the store has it as it is.

    `needs`: the log behind this offset has to be kept for it. `due`: when (ms) it is to be written, or dropped from the
    cache if it has not changed since it was. `size`: bytes, none of one whose sums are rows.
    """

    experiment: Experiment
    needs: int
    due: int
    size: int
    is_stored: bool = False


class WriteBehindCache:
    """Cached experiments by name. `rows`: the sums of some of them, which have none of their own."""

    def __init__(self) -> None:
        self.rows = RowTable()
        self._entries: dict[str, CachedExperiment] = {}
        self._size = 0

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def get(self, name: str) -> Experiment | None:
        """The experiment as it is now; None: it is as the store has it."""
        held = self._entries.get(name)
        return None if held is None else held.experiment

    def put(self, name: str, experiment: Experiment, needs: int, now: int) -> bool:
        """Cache an experiment at `now` (ms). Returns whether there is room. `needs`: if it was as in the store."""
        held = self._entries.get(name)
        size = 0 if name in self.rows else _size(experiment)
        if held is not None:
            self._size += size - held.size
            held.experiment, held.size = experiment, size
            self.added_to([name], needs)
            return True
        if self._size + size > MOST_BYTES:
            return False
        self._entries[name] = CachedExperiment(experiment, needs, _due(name, now), size)
        self._size += size
        return True

    def added_to(self, names: Collection[str], needs: int) -> None:
        """Note that something was added to the rows of these. `needs`: of those that were as in the store."""
        for name in names:
            held = self._entries[name]
            if held.is_stored:
                held.is_stored, held.needs = False, needs

    def drop(self, name: str) -> None:
        """Drop an experiment, and its rows, once it is as the store has it or deleted."""
        if (held := self._entries.pop(name, None)) is not None:
            self._size -= held.size
        if name in self.rows:
            self.rows.drop(name)

    def due_by(self, now: int | None) -> Mapping[str, CachedExperiment]:
        """Experiments that are to be written or dropped by `now` (ms); None: all."""
        return {name: each for name, each in self._entries.items() if now is None or each.due <= now}

    def written(self, name: str, now: int) -> None:
        """Note that an experiment is written. One that changes again and again stays, to be written again."""
        held = self._entries[name]
        held.is_stored, held.due = True, _due(name, now)

    @property
    def needs(self) -> int | None:
        """The offset up to which no cached experiment needs the log; None: none of it is needed."""
        return min((each.needs for each in self._entries.values() if not each.is_stored), default=None)

    @property
    def due(self) -> int | None:
        """When (ms) the next one is to be written."""
        return min((each.due for each in self._entries.values() if not each.is_stored), default=None)


def _due(name: str, now: int) -> int:
    return now + SOONEST_MS + crc32(name.encode()) % SPREAD_MS


def _size(experiment: Experiment) -> int:
    """The size of an experiment's rows in bytes, roughly."""
    held = [*experiment.totals.values(), *([experiment.frozen] if experiment.frozen is not None else [])]
    arms = [arm for totals in held for arm in totals.arms.values()]
    return sum(len(arm.closed) + sum(map(len, arm.days.values())) for arm in arms)
