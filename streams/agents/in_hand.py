"""Experiments as they are now, of which the store has some as they were a while ago.

To write thousands of them anew at every tick, each of some kilobytes, cost as much as to evaluate them. What was added
can be added again, from what is aside: so an experiment of which nothing else has changed is written once in a while.
What cannot be had again is written at once, and the largest e-values, which move more often, as a state of their own.
"""

from collections.abc import Collection
from typing import cast
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from streams.engine.states import States
from streams.experiments.following import is_defined, is_nothing, is_recounted
from streams.experiments.kept import Experiment, Kept, Peaks
from streams.experiments.rows import Rows

SOONEST_MS, SPREAD_MS = 30_000, 15_000
"""An experiment is written so long after the store had it as it was; not all of them at once."""

MOST_BYTES = 64 << 20
"""Of experiments that are not as the store has them. What there is no room for is written at once."""

_MEMORY = "in hand"


class _Ahead(Struct):
    """An experiment that is ahead of the store, or was: `is_stored` once that has it as it is.

    `needs`: what is aside behind this offset has to be kept for it. `due`: when (ms) it is to be written, or forgotten
    here if nothing has become of it since it was. `size`: bytes, none of one whose sums are rows.
    """

    experiment: Experiment
    needs: int
    due: int
    size: int
    is_stored: bool = False


class _Memory(Struct):
    ahead: dict[str, _Ahead]
    rows: Rows
    size: int = 0


class InHand:
    """Of one chunk those that were read, as they are after what was set. See the module.

    `rows`: the sums of those that have changed again since they are ahead of the store; they have none of their own.
    """

    def __init__(self, states: States[Kept]) -> None:
        self._states = states
        self._memory: _Memory = states.memory.setdefault(_MEMORY, _Memory({}, Rows()))
        self._now: dict[str, Experiment] = {}
        self._before: dict[str, Experiment] = {}
        self._at_once: set[str] = set()
        self._gone: set[str] = set()
        self.rows = self._memory.rows

    def lean(self, name: str) -> Experiment:
        """One that was read, with its sums where they are not rows."""
        return self._now[name]

    def whole(self, name: str) -> Experiment:
        """One that was read, with its sums, which are no rows any more."""
        if name in self.rows:
            self._now[name] = self._with_sums(name, self._now[name])
            self.rows.drop(name)
        return self._now[name]

    def is_nothing(self, name: str) -> bool:
        """Whether nobody is counted in one that was read, and nobody has defined it."""
        if is_defined(self._now[name]) or (name in self.rows and self.rows.anybody(name)):
            return False
        return is_nothing(self.whole(name))

    def read(self, names: Collection[str]) -> None:
        """Have these in hand."""
        missing: list[str] = []
        for name in names:
            if name not in self._now:
                held = self._memory.ahead.get(name)
                if held is None:
                    missing.append(name)
                else:
                    self._now[name] = self._before[name] = held.experiment
        if missing:
            self._read(missing)

    def to_rows(self, names: Collection[str]) -> None:
        """Of those that are ahead of the store already, and that nobody counts anew, have the sums as rows."""
        for name in names:
            held = self._now[name]
            totals = held.totals.get(held.edition)
            is_plain = len(held.totals) == 1 and not is_recounted(held)
            if totals is None or not is_plain or name not in self._memory.ahead or name in self.rows:
                continue
            if self.rows.take(name, held.edition, totals):
                self._now[name] = replace(held, totals={})

    def added_to(self, names: Collection[str], before: int) -> None:
        """Something was added to these rows. `before`: see `changes`."""
        for name in names:
            held = self._memory.ahead[name]
            if held.is_stored:
                held.is_stored, held.needs = False, before

    def set(self, name: str, experiment: Experiment) -> None:
        """It is this one from now on."""
        self._now[name] = experiment

    def write_at_once(self, name: str) -> None:
        """Whatever is aside is not to be added to what the store has of it."""
        self._at_once.add(name)

    def put_back(self, name: str) -> None:
        """It is not kept, and was not kept before."""
        del self._now[name]

    def delete(self, name: str) -> None:
        """It is nothing any more."""
        del self._now[name]
        self._gone.add(name)

    def add(self, name: str, experiment: Experiment, now: int) -> None:
        """It is this one since what is aside was added again to what the store has."""
        self._now[name] = self._before[name] = experiment
        if not self._put_ahead(name, experiment, experiment.added, now):
            self.write_at_once(name)

    def changes(self, before: int, added: int, now: int, *, all_of_them: bool) -> dict[bytes, Kept | None]:
        """What is to be written now.

        Parameters:
            before, added: up to which offset all was added before this chunk, and after it.
            now: ms.
            all_of_them: whether none may be ahead of the store any more.
        """
        changes: dict[bytes, Kept | None] = {}
        for name in self._gone:
            self._drop_ahead(name)
            changes[key_of_experiment(name)] = changes[_key_of_peaks(name)] = None
        for name, experiment in self._now.items():
            was, at_once = self._before[name], name in self._at_once
            if experiment is was and not at_once:
                continue
            if _has_other_peaks(was, experiment):
                changes[_key_of_peaks(name)] = Peaks(experiment.peaks, experiment.split_peak, experiment.peaks_of)
            if at_once or _is_other(was, experiment) or not self._put_ahead(name, experiment, before, now):
                changes[key_of_experiment(name)] = replace(self._with_sums(name, experiment), added=added)
                self._drop_ahead(name)
        due = {name: each for name, each in self._memory.ahead.items() if all_of_them or each.due <= now}
        for name, held in due.items():
            if not held.is_stored:
                changes[key_of_experiment(name)] = replace(self._with_sums(name, held.experiment), added=added)
            if held.is_stored or all_of_them:
                self._drop_ahead(name)
            else:
                held.is_stored, held.due = True, _due(name, now)
        return changes

    @property
    def needs(self) -> int | None:
        """What is aside up to this offset is nobody's any more; None: nor is all the rest."""
        return min((each.needs for each in self._memory.ahead.values() if not each.is_stored), default=None)

    @property
    def due(self) -> int | None:
        """When (ms) the next one is to be written."""
        return min((each.due for each in self._memory.ahead.values() if not each.is_stored), default=None)

    def _read(self, names: Collection[str]) -> None:
        keys = {key_of_experiment(name): name for name in names}
        peaks = self._states.get_many([_key_of_peaks(name) for name in names])
        for key, held in self._states.get_many(keys).items():
            name = keys[key]
            experiment = cast(Experiment, held or Experiment())
            if (newer := cast(Peaks | None, peaks[_key_of_peaks(name)])) is not None:
                experiment = replace(
                    experiment, peaks=newer.peaks, split_peak=newer.split_peak, peaks_of=newer.peaks_of
                )
            self._now[name] = self._before[name] = experiment

    def _put_ahead(self, name: str, experiment: Experiment, needs: int, now: int) -> bool:
        """Whether there is room for it."""
        held = self._memory.ahead.get(name)
        size = 0 if name in self.rows else _size(experiment)
        if held is not None:
            self._memory.size += size - held.size
            held.experiment, held.size = experiment, size
            self.added_to([name], needs)
            return True
        if self._memory.size + size > MOST_BYTES:
            return False
        self._memory.ahead[name] = _Ahead(experiment, needs, _due(name, now), size)
        self._memory.size += size
        return True

    def _with_sums(self, name: str, experiment: Experiment) -> Experiment:
        if name not in self.rows:
            return experiment
        return replace(experiment, totals={experiment.edition: self.rows.totals(name)})

    def _drop_ahead(self, name: str) -> None:
        if (held := self._memory.ahead.pop(name, None)) is not None:
            self._memory.size -= held.size
        if name in self.rows:
            self.rows.drop(name)


def key_of_experiment(name: str) -> bytes:
    """Under which it is kept."""
    return b"experiment/" + name.encode()


def _key_of_peaks(name: str) -> bytes:
    return b"peaks/" + name.encode()


def _due(name: str, now: int) -> int:
    return now + SOONEST_MS + crc32(name.encode()) % SPREAD_MS


def _has_other_peaks(was: Experiment, now: Experiment) -> bool:
    return (now.peaks, now.split_peak, now.peaks_of) != (was.peaks, was.split_peak, was.peaks_of)


def _is_other(was: Experiment, now: Experiment) -> bool:
    """Whether more has become of it than adding what was told, and peaks. Days may be closed again at any time."""
    return (
        now.frozen is not was.frozen
        or now.definition != was.definition
        or (now.edition, now.next, now.stands, now.told) != (was.edition, was.next, was.stands, was.told)
    )


def _size(experiment: Experiment) -> int:
    """Roughly that of its rows in bytes."""
    held = [*experiment.totals.values(), *([experiment.frozen] if experiment.frozen is not None else [])]
    arms = [arm for totals in held for arm in totals.arms.values()]
    return sum(len(arm.closed) + sum(map(len, arm.days.values())) for arm in arms)
