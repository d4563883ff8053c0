"""From records of `experiment-partials` to what is kept of experiments, and to their results.

No effects, so it may be done again. The records are Harmonia's own: one that cannot be read is passed over.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import cast

from msgspec.structs import replace

from events.experiment_results import Status
from events.topics import EXPERIMENT_RESULTS
from sinks.keys import partition_of
from streams.agents.aside import MOST_BYTES, aside_of, kept, key_of, put, waiting
from streams.agents.publishing import Publishing, history_keys
from streams.engine.partition import Effects
from streams.engine.runs import Records
from streams.engine.states import States
from streams.engine.writer import Output
from streams.experiments.adding import add_up
from streams.experiments.board import MOST, first_due, forgotten, found_by, next_due, settled
from streams.experiments.following import defined, is_defined, is_nothing, standing, with_differences
from streams.experiments.kept import Board, Experiment, Kept, Line
from streams.experiments.partials import Counted, Defined, Partial, Recounting, Stands, Tick, read_partial
from streams.experiments.totals import MOST_ARMS, Ints

STAGE = "experiments"
_BOARD = b"board"


class Reckoning:
    """One chunk: its effects, and what it did.

    `refused`: the offsets that say nothing; `uncounted`: how many experiments and variants there was no room for.
    `alerts`: by rule. `results`: how many were written. `is_published`: whether it was time for that.

    Parameters:
        states: the experiments and the board before the chunk.
        partitions: of the contacts, and of the topics that are written to.
    """

    def __init__(self, states: States[Kept], partitions: int) -> None:
        self._states = states
        self._partitions = partitions
        self._aside = aside_of(states)
        self._held: dict[str, Experiment] = {}
        self.board = cast(Board, states.get(_BOARD) or Board())
        self._lines = dict(self.board.lines)
        self.effects: Effects[Kept] = Effects()
        self.alerts: Counter[str] = Counter()
        self.results = 0
        self.uncounted = 0
        self.is_published = False
        self.refused: list[int] = []

    @property
    def waits_since(self) -> int | None:
        """When (ms) the oldest of what is in no sum yet was told."""
        return self._aside.oldest

    @property
    def next_due(self) -> int | None:
        """When (ms) there is something to do, also if nothing comes."""
        return next_due(self.board.lines)

    @property
    def statuses(self) -> Counter[Status]:
        """How many experiments have which."""
        return Counter(line.status for line in self.board.lines.values())

    def take(self, records: Records) -> None:
        """Put aside what comes; at a tick add it up, and publish what has changed."""
        fresh: list[tuple[int, int, bytes, Partial]] = []
        for record in records:
            read = read_partial(record.value)
            if read is None or record.value is None:
                self.refused.append(record.offset)
            elif isinstance(read, Tick):
                self.is_published = True
            else:
                fresh.append((record.offset, record.timestamp, record.value, read))
        now = records[-1].timestamp
        if not self.is_published and self._aside.size + sum(len(value) for _, _, value, _ in fresh) <= MOST_BYTES:
            for offset, at, value, _ in fresh:
                self.effects.beside[key_of(offset)] = kept(at, value)
                put(self._aside, at, value)
            return
        self._add_all([*self._waiting(), *(read for _, _, _, read in fresh)], now)
        if self.is_published:
            self._publish(now)
        self._keep()

    def _waiting(self) -> list[Partial]:
        found = []
        for key, _, value in waiting(self._states):
            self.effects.beside[key] = None
            if (read := read_partial(value)) is not None:
                found.append(read)
        self._aside.size, self._aside.oldest = 0, None
        return found

    def _add_all(self, partials: Iterable[Partial], now: int) -> None:
        """In their order, so that who was counted by an edition is in its sums before it is shown."""
        differences: list[Counted] = []
        for partial in partials:
            if isinstance(partial, Counted):
                differences.append(partial)
                continue
            self._add(differences, now)
            differences = []
            self._hear(partial, now)
        self._add(differences, now)

    def _add(self, differences: Sequence[Counted], now: int) -> None:
        if not differences:
            return
        rows: dict[str, dict[str, list[tuple[str, int, Ints]]]] = defaultdict(lambda: defaultdict(list))
        found, strange = add_up(differences)
        self.uncounted += strange
        for (name, edition, variant, day), row in found.items():
            rows[name][edition].append((variant, day, row))
        self._read(rows)
        for name, more in rows.items():
            if self._is_known(name, now):
                before = self._held[name]
                self._held[name] = after = with_differences(before, more)
                arms = after.totals.get(after.edition)
                self.uncounted += arms is not None and len(arms.arms) >= MOST_ARMS
            else:
                self.uncounted += 1

    def _hear(self, partial: Partial, now: int) -> None:
        match partial:
            case Defined(experiment, definition):
                self._read([experiment])
                if self._is_known(experiment, now, said=definition is not None):
                    self._held[experiment] = defined(experiment, self._held[experiment], definition)
            case Stands(partition, editions):
                self._read(editions)
                for experiment, edition in editions.items():
                    if self._is_known(experiment, now):
                        held = self._held[experiment]
                        self._held[experiment] = standing(experiment, held, partition, edition, self._partitions)
            case Recounting(partition, is_done):
                now_counted = {partition}
                recounting = self.board.recounting
                self.board = replace(
                    self.board, recounting=recounting - now_counted if is_done else recounting | now_counted
                )
                self._lines = {name: _changed(line, now) for name, line in self._lines.items()}
            case _:
                pass

    def _is_known(self, name: str, now: int, *, said: bool = False) -> bool:
        """Whether it is kept; it is from now on, if there is room.

        `said`: whether it is being defined. What is defined finds room also where others have filled the board that
        nobody has defined, as whoever writes into a topic may make up.
        """
        line = self._lines.get(name)
        most = 2 * MOST if said or is_defined(self._held[name]) else MOST
        if line is None and len(self._lines) >= most:
            del self._held[name]
            return False
        line = line or Line()
        self._lines[name] = replace(line, heard=now, changed=now if line.changed is None else line.changed)
        return True

    def _read(self, names: Collection[str]) -> None:
        """Have these in hand."""
        missing = {key_of_experiment(name): name for name in names if name not in self._held}
        for key, held in self._states.get_many(missing).items():
            self._held[missing[key]] = cast(Experiment, held or Experiment())

    def _publish(self, now: int) -> None:
        for name in forgotten(self._lines, now):
            self._forget(name)
        publishing = Publishing(self._states, self._partitions, now, is_recounted=bool(self.board.recounting))
        names = first_due(self._lines, now)
        names -= self._forget_nothing(names)
        self._look(publishing, names)
        found = found_by(self._lines)
        others = {name for name, are in found.items() if are != self._lines[name].found}
        self._lines |= {name: replace(self._lines[name], found=found[name]) for name in others}
        self._look(publishing, others - names)
        self._lines |= settled(self._lines)
        publishing.write(self._lines)
        self.effects.outputs += publishing.outputs
        self.effects.beside |= publishing.beside
        self.alerts, self.results = publishing.alerts, publishing.results

    def _look(self, publishing: Publishing, names: Collection[str]) -> None:
        self._read(names)
        held = {name: self._held[name] for name in names}
        for name, (experiment, line) in publishing.look(held, self._lines).items():
            self._held[name] = experiment
            line_before = self._lines[name]
            self._lines[name] = replace(line, heard=line_before.heard, found=line_before.found)

    def _forget_nothing(self, names: Collection[str]) -> set[str]:
        """Those of them that are nothing any more, as one that was withdrawn before anybody was in it."""
        self._read(names)
        gone = {name for name in names if not self.board.recounting and is_nothing(self._held[name])}
        for name in gone:
            self._forget(name)
        return gone

    def _forget(self, name: str) -> None:
        """It is shown no more. Its sums stay: people may still be taken away, by an erasure or a link, years later."""
        del self._lines[name]
        self._read([name])
        if is_nothing(self._held[name]):
            del self._held[name]
            self.effects.changes[key_of_experiment(name)] = None
        self.effects.beside |= dict.fromkeys(history_keys(name))
        place = partition_of(name, self._partitions)
        self.effects.outputs.append(Output(EXPERIMENT_RESULTS, place, name.encode(), None))

    def _keep(self) -> None:
        self.board = replace(self.board, lines=self._lines)
        self.effects.changes[_BOARD] = self.board
        self.effects.changes.update((key_of_experiment(name), held) for name, held in self._held.items())


def key_of_experiment(name: str) -> bytes:
    """Under which it is kept."""
    return b"experiment/" + name.encode()


def _changed(line: Line, now: int) -> Line:
    return line if line.changed is not None else replace(line, changed=now)
