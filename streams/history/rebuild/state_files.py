"""The states of all fragments after their histories, as the files of contacts of a backup."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from sinks.keys import partition_of
from sinks.lake.erasure_list import Erasures, read_erasures
from sinks.lake.files import open_files
from streams.domain.contact import ContactState, FoldOutcome, decode, encode
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.history.rebuild.erasure_commands import Heard, of_after
from streams.history.rebuild.history_beginning import beginning
from streams.history.rebuild.known_fragments import parted
from streams.history.refold.buckets import Bucket, Gathered, each_bucket
from streams.history.refold.contact_rows import History, read_rows
from streams.history.refold.state_of_facts import lived
from streams.operations.backup.manifest import contacts_file
from streams.operations.backup.record_files import (
    RECORDS_AT_ONCE,
    File,
    Record,
    RecordsOut,
    read_records,
    write_records,
)

_NOBODY = ContactState()
_NONE_HEARD: Heard = {}


class Work(NamedTuple):
    """`lake`: whose list of erased people counts; None: none. `traces`: records of those of whom no identifier is kept.

    `out`: a folder for what each bucket comes to. `heard`: commands to erase somebody.
    """

    lake: str | None
    traces: Path
    out: Path
    partitions: int
    heard: Heard = _NONE_HEARD


class Advanced(NamedTuple):
    """What became of the interactions, and the traces that are states by now."""

    contacts: int
    outcomes: Counter[str]
    used: frozenset[bytes]


def advance(work: Work, gathered: Gathered, target: Path, processes: int, say: Callable[[str], None]) -> "Made":
    """Write the files of contacts into `target`. Raises OSError, `Damaged`, `Unreadable`, `BackupError`."""
    work.out.mkdir(exist_ok=True)
    merging = _Merging(target, work.partitions)
    outcomes, used, contacts = Counter[str](), set[bytes](), 0
    for number, done in enumerate(each_bucket(gathered, partial(advance_bucket, work), processes), 1):
        path = _path_of(work, number - 1)
        merging.add(read_records(path))
        path.unlink()
        outcomes.update(done.outcomes)
        used |= done.used
        contacts += done.contacts
        if number * 10 // gathered.buckets > (number - 1) * 10 // gathered.buckets:
            say(f"{number} of {gathered.buckets} shares are folded, {contacts} fragments")
    merging.add(record for record in read_records(work.traces) if record.key not in used)
    return Made(contacts, outcomes, merging.done())


class Made(NamedTuple):
    """The files, how many fragments are in them, and what became of the interactions."""

    contacts: int
    outcomes: Counter[str]
    files: list[File]


def advance_bucket(work: Work, bucket: Bucket) -> Advanced:
    """Fold the histories of one bucket, and write the states into a file of its own."""
    erased = Erasures() if work.lake is None else _erasures(work.lake)
    folding = Folding(work.partitions, erased, _traces(work.traces), work.heard)
    write_records(_path_of(work, bucket.number), folding.records(bucket.histories()))
    return Advanced(folding.contacts, folding.outcomes, frozenset(folding.used))


class Folding:
    """From histories to records of a backup's contacts.

    `erased`: the lake's list. `traces`: what the running system keeps of those whose identifiers it does not keep, as
    records of a backup, by key; those that are of somebody's here come into `used`. `heard`: when each command to erase
    somebody came.
    """

    def __init__(
        self, partitions: int, erased: Erasures, traces: Mapping[bytes, bytes], heard: Heard = _NONE_HEARD
    ) -> None:
        self._partitions = partitions
        self._erased = erased
        self._traces = traces
        self._heard = heard
        self.outcomes = Counter[str]()
        self.used: set[bytes] = set()
        self.contacts = 0

    def records(self, histories: Iterable[History]) -> Iterator[Record]:
        """Of each fragment of whom anything is known."""
        for each in histories:
            state = self._state(each)
            if state != _NOBODY:
                self.contacts += 1
                number = partition_of(each.contact_id, self._partitions)
                yield Record(number, each.contact_id.encode(), encode(state))

    def _state(self, found: History) -> ContactState:
        name = found.contact_id
        rebuilt, known, history = parted(found)
        if self._traces and (trace := self._traces.get(trace_key(name))) is not None:
            self.used.add(trace_key(name))
            known.append(decode(trace))
        before, begun = beginning(rebuilt, known, self._erased.until(name))
        refused = Counter[str]()
        history, in_vain = self._of_after(history, known)
        done = lived(name, [read.fact for read in read_rows(history, refused)], before, begun=begun)
        self.outcomes.update({outcome.value: count for outcome, count in done.outcomes.items()})
        self.outcomes.update(refused + in_vain)
        return done.state

    def _of_after(self, history: History, known: Iterable[ContactState]) -> tuple[History, Counter[str]]:
        """What had not come yet when the person was erased, whatever time it bears; how much else there was."""
        listed = self._erased.said_heard(history.contact_id)  # also of commands that `lake erase` has taken out
        after = of_after(history.rows, known, self._heard)
        left = [row for row in after if listed is None or row.appended_at > listed]
        return History(history.contact_id, left), Counter({FoldOutcome.IN_VAIN.value: len(history.rows) - len(left)})


class _Merging:
    """Files by partition, of records in any order."""

    def __init__(self, target: Path, partitions: int) -> None:
        self._outs = [RecordsOut(target / contacts_file(number)) for number in range(partitions)]
        self._waiting: list[list[Record]] = [[] for _ in self._outs]

    def add(self, records: Iterable[Record]) -> None:
        for record in records:
            waiting = self._waiting[record.partition]
            waiting.append(record)
            if len(waiting) == RECORDS_AT_ONCE:
                self._outs[record.partition].add(waiting)
                waiting.clear()

    def done(self) -> list[File]:
        for out, waiting in zip(self._outs, self._waiting, strict=True):
            if waiting:
                out.add(waiting)
        return [out.done() for out in self._outs]


def _path_of(work: Work, bucket: int) -> Path:
    return work.out / f"{bucket:06}.zst"


@lru_cache(maxsize=1)
def _erasures(lake: str) -> Erasures:
    """Read once in a process."""
    return read_erasures(open_files(lake))


@lru_cache(maxsize=1)
def _traces(path: Path) -> dict[bytes, bytes]:
    """By key; also once in a process."""
    return {record.key or b"": record.value or b"" for record in read_records(path)}
