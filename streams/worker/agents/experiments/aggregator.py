"""Adds up the partial sums in `experiment-partials`, and has results published at ticks; without side effects.

So a chunk can be folded again. The records are Harmonia's own: one that cannot be read is passed over.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import cast

from msgspec.structs import replace

from events.experiment_results import Status
from events.topics import EXPERIMENT_RESULTS, Agent
from sinks.keys import partition_of
from streams.domain.experiments.delta_rows import add_up, by_experiment
from streams.domain.experiments.experiment_table import (
    MAX_EXPERIMENTS,
    ExperimentIndex,
    IndexEntry,
    TableRecord,
    discoveries_of,
    first_due,
    forgotten_experiments,
    judged_and_ended,
    next_due,
)
from streams.domain.experiments.lifecycle import is_defined, with_definition, with_differences, with_partition_edition
from streams.domain.experiments.partials import (
    Partial,
    PartialCounts,
    PartitionEditions,
    RecountProgress,
    RelayedDefinition,
    is_tick,
    read_partial,
)
from streams.domain.experiments.totals import MOST_ARMS
from streams.engine.decoded_states import States
from streams.engine.runs import Records
from streams.engine.table_partition import Effects
from streams.engine.writer import Output
from streams.worker.agents.experiments.delta_log import (
    MOST_BYTES,
    MOST_LOGGED,
    LoggedDelta,
    delta_key,
    delta_log_of,
    encode_delta,
    replay_deltas,
)
from streams.worker.agents.experiments.result_publisher import ResultPublisher, history_keys
from streams.worker.agents.experiments.unit_of_work import UnitOfWork

STAGE: Agent = "experiments"
_BOARD = b"board"


class ExperimentAggregator:
    """Folds one chunk of `experiment-partials`, and holds what came of it.

    `refused`: the offsets that cannot be read; `uncounted`: how many experiments and variants there was no room for.
    `alerts`: by rule. `results`: how many were written. `is_published`: whether it was time for that. `is_added_up`:
    whether anything was done but to log.

    Parameters:
        states: the experiments and their index before the chunk.
        partitions: of the contacts, and of the topics that are written to.
    """

    def __init__(self, states: States[TableRecord], partitions: int) -> None:
        self._states = states
        self._partitions = partitions
        self._work = UnitOfWork(states)
        self.board = cast(ExperimentIndex, states.get(_BOARD) or ExperimentIndex())
        self._log = delta_log_of(states, self.board.added)
        self._lines = dict(self.board.lines)
        self.effects: Effects[TableRecord] = Effects()
        self.alerts: Counter[str] = Counter()
        self.results = 0
        self.uncounted = 0
        self.is_published = self.is_added_up = False
        self.refused: list[int] = []

    @property
    def waits_since(self) -> int | None:
        """When (ms) the oldest difference was appended that is in no sum yet."""
        return self._log.oldest

    @property
    def next_due(self) -> int | None:
        """When (ms) there is something to do, also if nothing comes."""
        return min((when for when in (next_due(self.board.lines), self._work.due) if when is not None), default=None)

    @property
    def statuses(self) -> Counter[Status]:
        """How many experiments have each status."""
        return Counter(line.status for line in self.board.lines.values())

    def take(self, records: Records) -> None:
        """Log what comes; at a tick add it up, and publish what has changed."""
        for record in records:
            if record.value is None:
                self.refused.append(record.offset)
            elif is_tick(record.value):
                self.is_published = True
            else:
                self._put_aside(LoggedDelta(record.offset, record.timestamp, record.value))
        if not self.is_published and self._log.size <= MOST_BYTES:
            return
        self.is_added_up = True
        now, added = records[-1].timestamp, records[-1].offset
        if self._log.is_behind:
            replay_deltas(self._states, self._work, self._lines.keys(), self.board.added, now)
            self._log.is_behind = False
        self._add_all(self._fresh(), now)
        if self.is_published:
            self._publish(now)
        self._keep(added, now)

    def _put_aside(self, delta: LoggedDelta) -> None:
        self.effects.beside[delta_key(delta.offset)] = encode_delta(delta)
        self._log.put(delta)

    def _fresh(self) -> Iterator[Partial]:
        """All that is not added up; differences stay in the log until they are in sums that are written."""
        for delta in self._log.take():
            read = read_partial(delta.value)
            if isinstance(read, PartialCounts):
                self._log.note(delta.offset, len(delta.value))
            else:
                self.effects.beside[delta_key(delta.offset)] = None
            if read is None:
                self.refused.append(delta.offset)
            else:
                yield read

    def _add_all(self, partials: Iterable[Partial], now: int) -> None:
        """Add partials in their order, so that who was counted by an edition is in its sums before it is shown."""
        differences: list[PartialCounts] = []
        for partial in partials:
            if isinstance(partial, PartialCounts):
                differences.append(partial)
                continue
            self._add(differences, now)
            differences = []
            self._hear(partial, now)
        self._add(differences, now)

    def _add(self, differences: Sequence[PartialCounts], now: int) -> None:
        touched, rest = self._work.rows.add(differences)
        self._work.added_to(touched, self.board.added)
        self._lines |= {name: _heard(self._lines[name], now) for name in touched}
        if rest:
            self._add_one_by_one(rest, now)

    def _add_one_by_one(self, differences: Sequence[PartialCounts], now: int) -> None:
        found, strange = add_up(differences)
        self.uncounted += strange
        rows = by_experiment(found)
        self._work.read(rows)
        for name, more in rows.items():
            if self._is_known(name, now):
                after = with_differences(self._work.whole(name), more)
                self._work.set(name, after)
                arms = after.totals.get(after.edition)
                self.uncounted += arms is not None and len(arms.arms) >= MOST_ARMS
            else:
                self.uncounted += 1

    def _hear(self, partial: Partial, now: int) -> None:
        match partial:
            case RelayedDefinition(experiment, definition):
                self._work.read([experiment])
                if self._is_known(experiment, now, said=definition is not None):
                    self._work.set(experiment, with_definition(experiment, self._work.whole(experiment), definition))
            case PartitionEditions(partition, editions):
                self._work.read(editions)
                for experiment, edition in editions.items():
                    if self._is_known(experiment, now):
                        held = with_partition_edition(
                            experiment, self._work.whole(experiment), partition, edition, self._partitions
                        )
                        self._work.set(experiment, held)
            case RecountProgress(partition, is_done):
                now_counted = {partition}
                recounting = self.board.recounting
                self.board = replace(
                    self.board, recounting=recounting - now_counted if is_done else recounting | now_counted
                )
                self._lines = {name: _changed(line, now) for name, line in self._lines.items()}
            case _:
                pass

    def _is_known(self, name: str, now: int, *, said: bool = False) -> bool:
        """Whether an experiment is kept; it is from now on, if there is room.

        `said`: whether it is being defined. What is defined finds room also where others have filled the board that
        nobody has defined, as whoever writes into a topic may make up.
        """
        line = self._lines.get(name)
        most = 2 * MAX_EXPERIMENTS if said or is_defined(self._work.lean(name)) else MAX_EXPERIMENTS
        if line is None and len(self._lines) >= most:
            self._work.put_back(name)
            return False
        if line is None:
            self._work.write_at_once(name)
            line = IndexEntry()
        self._lines[name] = _heard(line, now)
        return True

    def _publish(self, now: int) -> None:
        for name in forgotten_experiments(self._lines, now):
            self._forget(name)
        is_recounted = bool(self.board.recounting)
        publisher = ResultPublisher(self._states, self._work.rows, self._partitions, now, is_recounted=is_recounted)
        names = first_due(self._lines, now)
        names -= self._forget_nothing(names)
        self._look(publisher, names)
        found = discoveries_of(self._lines)
        others = {name for name, are in found.items() if are != self._lines[name].found}
        self._lines |= {name: replace(self._lines[name], found=found[name]) for name in others}
        self._look(publisher, others - names)
        self._lines |= judged_and_ended(self._lines)
        publisher.write(self._lines)
        self.effects.outputs += publisher.outputs
        self.effects.beside |= publisher.beside
        self.alerts, self.results = publisher.alerts, publisher.results

    def _look(self, publisher: ResultPublisher, names: Collection[str]) -> None:
        if not names:
            return
        self._work.read(names)
        self._work.to_rows(names)
        held = {name: self._work.lean(name) for name in names}
        for name, (experiment, line) in publisher.look(held, self._lines).items():
            self._work.set(name, experiment)
            line_before = self._lines[name]
            self._lines[name] = replace(line, heard=line_before.heard, found=line_before.found)

    def _forget_nothing(self, names: Collection[str]) -> set[str]:
        """Forget, and return, those that are empty, as one that was withdrawn before anybody was in it."""
        self._work.read(names)
        gone = {name for name in names if not self.board.recounting and self._work.is_unused(name)}
        for name in gone:
            self._forget(name)
        return gone

    def _forget(self, name: str) -> None:
        """Show an experiment no more. Its sums stay: an erasure or a link may take people away years later.

        They are written: to one without an index entry nothing of the log is added again.
        """
        del self._lines[name]
        self._work.read([name])
        self._work.whole(name)
        if self._work.is_unused(name):
            self._work.delete(name)
        else:
            self._work.write_at_once(name)
        self.effects.beside |= dict.fromkeys(history_keys(name))
        place = partition_of(name, self._partitions)
        self.effects.outputs.append(Output(EXPERIMENT_RESULTS, place, name.encode(), None))

    def _keep(self, added: int, now: int) -> None:
        """Write what cannot wait, and drop from the log what is in sums that are written."""
        is_too_much = self._log.logged > MOST_LOGGED
        before, self.board = self.board.added, replace(self.board, lines=self._lines, added=added)
        self.effects.changes[_BOARD] = self.board
        self.effects.changes |= self._work.changes(before, added, now, all_of_them=is_too_much)
        needs = self._work.needs
        for offset in self._log.trim(added if needs is None else needs):
            self.effects.beside[delta_key(offset)] = None


def _heard(line: IndexEntry, now: int) -> IndexEntry:
    return replace(line, heard=now, changed=now if line.changed is None else line.changed)


def _changed(line: IndexEntry, now: int) -> IndexEntry:
    return line if line.changed is not None else replace(line, changed=now)
