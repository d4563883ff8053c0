"""The unit of work of a chunk of partials: experiments loaded, changed, and written at once or later.

To write thousands of them anew at every tick, each of some kilobytes, cost as much as to evaluate them. What was added
can be added again, from the delta log: so an experiment of which nothing else has changed is written once in a while.
What cannot be had again is written at once, and the largest e-values, which move more often, as a state of their own.
"""

from collections.abc import Collection
from typing import cast

from msgspec.structs import replace

from streams.domain.experiments.experiment_table import Experiment, Peaks, TableRecord
from streams.domain.experiments.lifecycle import is_defined, is_recounted, is_unused
from streams.engine.decoded_states import States
from streams.worker.agents.experiments.write_behind import WriteBehindCache

_MEMORY = "in hand"


class UnitOfWork:
    """Experiments loaded for this chunk, with the chunk's changes applied.

    `rows`: the sums of those that have changed again since the cache holds them; they have none of their own.
    """

    def __init__(self, states: States[TableRecord]) -> None:
        self._states = states
        self._cache: WriteBehindCache = states.memory.setdefault(_MEMORY, WriteBehindCache())
        self._now: dict[str, Experiment] = {}
        self._before: dict[str, Experiment] = {}
        self._at_once: set[str] = set()
        self._gone: set[str] = set()
        self.rows = self._cache.rows

    def lean(self, name: str) -> Experiment:
        """A loaded experiment, without its sums where these are rows."""
        return self._now[name]

    def whole(self, name: str) -> Experiment:
        """A loaded experiment with its sums, which are no rows any more."""
        if name in self.rows:
            self._now[name] = self._with_sums(name, self._now[name])
            self.rows.drop(name)
        return self._now[name]

    def is_unused(self, name: str) -> bool:
        """Whether nobody is counted in a loaded experiment, and nobody has defined it."""
        if is_defined(self._now[name]) or (name in self.rows and self.rows.anybody(name)):
            return False
        return is_unused(self.whole(name))

    def read(self, names: Collection[str]) -> None:
        """Load these experiments, from the cache or the store."""
        missing: list[str] = []
        for name in names:
            if name not in self._now:
                held = self._cache.get(name)
                if held is None:
                    missing.append(name)
                else:
                    self._now[name] = self._before[name] = held
        if missing:
            self._read(missing)

    def to_rows(self, names: Collection[str]) -> None:
        """Turn the sums into rows, of those that the cache holds and that nobody counts anew."""
        for name in names:
            held = self._now[name]
            totals = held.totals.get(held.edition)
            is_plain = len(held.totals) == 1 and not is_recounted(held)
            if totals is None or not is_plain or name not in self._cache or name in self.rows:
                continue
            if self.rows.take(name, held.edition, totals):
                self._now[name] = replace(held, totals={})

    def added_to(self, names: Collection[str], before: int) -> None:
        """Note that something was added to these rows. `before`: see `changes`."""
        self._cache.added_to(names, before)

    def set(self, name: str, experiment: Experiment) -> None:
        """Replace a loaded experiment."""
        self._now[name] = experiment

    def write_at_once(self, name: str) -> None:
        """Have an experiment written in this chunk, so that nothing of the log is added to what the store has of it."""
        self._at_once.add(name)

    def put_back(self, name: str) -> None:
        """Forget a loaded experiment that is not kept, and was not kept before."""
        del self._now[name]

    def delete(self, name: str) -> None:
        """Delete a loaded experiment."""
        del self._now[name]
        self._gone.add(name)

    def add(self, name: str, experiment: Experiment, now: int) -> None:
        """Take an experiment to which the log was added again, on top of what the store has."""
        self._now[name] = self._before[name] = experiment
        if not self._cache.put(name, experiment, experiment.added, now):
            self.write_at_once(name)

    def changes(self, before: int, added: int, now: int, *, all_of_them: bool) -> dict[bytes, TableRecord | None]:
        """The changes that are to be written with this chunk, by key; None deletes.

        Parameters:
            before, added: up to which offset all was added before this chunk, and after it.
            now: ms.
            all_of_them: whether the cache is to be written whole.
        """
        changes: dict[bytes, TableRecord | None] = {}
        for name in self._gone:
            self._cache.drop(name)
            changes[key_of_experiment(name)] = changes[_key_of_peaks(name)] = None
        for name, experiment in self._now.items():
            was, at_once = self._before[name], name in self._at_once
            if experiment is was and not at_once:
                continue
            if _has_other_peaks(was, experiment):
                changes[_key_of_peaks(name)] = Peaks(experiment.peaks, experiment.split_peak, experiment.peaks_of)
            if at_once or _is_other(was, experiment) or not self._cache.put(name, experiment, before, now):
                changes[key_of_experiment(name)] = replace(self._with_sums(name, experiment), added=added)
                self._cache.drop(name)
        for name, held in self._cache.due_by(None if all_of_them else now).items():
            if not held.is_stored:
                changes[key_of_experiment(name)] = replace(self._with_sums(name, held.experiment), added=added)
            if held.is_stored or all_of_them:
                self._cache.drop(name)
            else:
                self._cache.written(name, now)
        return changes

    @property
    def needs(self) -> int | None:
        """See `WriteBehindCache`."""
        return self._cache.needs

    @property
    def due(self) -> int | None:
        """See `WriteBehindCache`."""
        return self._cache.due

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

    def _with_sums(self, name: str, experiment: Experiment) -> Experiment:
        if name not in self.rows:
            return experiment
        return replace(experiment, totals={experiment.edition: self.rows.totals(name)})


def key_of_experiment(name: str) -> bytes:
    """The key of an experiment in the table."""
    return b"experiment/" + name.encode()


def _key_of_peaks(name: str) -> bytes:
    return b"peaks/" + name.encode()


def _has_other_peaks(was: Experiment, now: Experiment) -> bool:
    return (now.peaks, now.split_peak, now.peaks_of) != (was.peaks, was.split_peak, was.peaks_of)


def _is_other(was: Experiment, now: Experiment) -> bool:
    """Whether anything but sums and peaks has changed. Days may be closed again at any time."""
    return (
        now.frozen is not was.frozen
        or now.definition != was.definition
        or (now.edition, now.next, now.stands, now.told) != (was.edition, was.next, was.stands, was.told)
    )
