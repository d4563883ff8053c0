"""Folds the sorted history of every fragment and writes the states as a backup's contact files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sinks.keys import partition_of
from sinks.lake.erasure_list import Erasures, read_erasures
from sinks.lake.files import open_files
from streams.domain.contact import ContactState, FoldOutcome, decode, encode
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.history.rebuild.prior_states import (
    CommandTimes,
    command_heard,
    rows_after_erasure,
    split_prior_states,
    starting_state,
)
from streams.history.refold.buckets import Bucket, SortedHistory, each_bucket
from streams.history.refold.contact_folding import fold_facts
from streams.history.refold.contact_rows import ContactHistory, read_rows
from streams.operations.backup.manifest import contacts_file
from streams.operations.backup.record_files import (
    RECORDS_AT_ONCE,
    FileEntry,
    Record,
    RecordWriter,
    read_records,
    write_records,
)

_NOBODY = ContactState()
_NONE_HEARD: CommandTimes = {}


class FoldTask(NamedTuple):
    """What to fold with. `lake`: the lake whose erasure list counts; None: none.

    `traces`: records of erased people whose identifiers are not kept. `out`: a folder for the result of each bucket.
    `heard`: when each erasure command came.
    """

    lake: str | None
    traces: Path
    out: Path
    partitions: int
    heard: CommandTimes = _NONE_HEARD


class BucketResult(NamedTuple):
    """Counts of one bucket, and the keys of traces that became states."""

    contacts: int
    outcomes: Counter[str]
    used: frozenset[bytes]


def write_state_files(
    task: FoldTask, gathered: SortedHistory, target: Path, processes: int, say: Callable[[str], None]
) -> "StateFiles":
    """Fold all buckets and write the contact files into `target`.

    Raises OSError, `Damaged`, `Unreadable`, `BackupError`.
    """
    task.out.mkdir(exist_ok=True)
    merging = _PartitionFiles(target, task.partitions)
    outcomes, used, contacts = Counter[str](), set[bytes](), 0
    known = _Known.of(task)
    for number, done in enumerate(each_bucket(gathered, partial(fold_bucket, task, known), processes), 1):
        path = _path_of(task, number - 1)
        merging.add(read_records(path))
        path.unlink()
        outcomes.update(done.outcomes)
        used |= done.used
        contacts += done.contacts
        if number * 10 // gathered.buckets > (number - 1) * 10 // gathered.buckets:
            say(f"{number} of {gathered.buckets} shares are folded, {contacts} fragments")
    merging.add(record for record in read_records(task.traces) if record.key not in used)
    return StateFiles(contacts, outcomes, merging.done())


class StateFiles(NamedTuple):
    """The files written, their number of fragments, and the outcomes of the interactions."""

    contacts: int
    outcomes: Counter[str]
    files: list[FileEntry]


class _Known(NamedTuple):
    """What a task is to be folded with, as it was read: the lake's erasure list, and traces by key."""

    erased: Erasures
    traces: Mapping[bytes, bytes]

    @classmethod
    def of(cls, task: FoldTask) -> "_Known":
        erased = Erasures() if task.lake is None else read_erasures(open_files(task.lake))
        return cls(erased, {record.key or b"": record.value or b"" for record in read_records(task.traces)})


def fold_bucket(task: FoldTask, known: _Known, bucket: Bucket) -> BucketResult:
    """Fold the histories of one bucket, and write its states into a file."""
    folding = BucketFolder(task.partitions, known.erased, known.traces, task.heard)
    write_records(_path_of(task, bucket.number), folding.records(bucket.histories()))
    return BucketResult(folding.contacts, folding.outcomes, frozenset(folding.used))


class BucketFolder:
    """Folds the histories of a bucket into records of a backup's contacts.

    `erased`: the lake's list. `traces`: what the running system keeps of people whose identifiers it does not keep, as
    records of a backup, by key; those that belong to a fragment here are added to `used`. `heard`: when each erasure
    command came.
    """

    def __init__(
        self, partitions: int, erased: Erasures, traces: Mapping[bytes, bytes], heard: CommandTimes = _NONE_HEARD
    ) -> None:
        self._partitions = partitions
        self._erased = erased
        self._traces = traces
        self._heard = heard
        self.outcomes = Counter[str]()
        self.used: set[bytes] = set()
        self.contacts = 0

    def records(self, histories: Iterable[ContactHistory]) -> Iterator[Record]:
        """A record for each fragment of which anything is known."""
        for each in histories:
            state = self._state(each)
            if state != _NOBODY:
                self.contacts += 1
                number = partition_of(each.contact_id, self._partitions)
                yield Record(number, each.contact_id.encode(), encode(state))

    def _state(self, found: ContactHistory) -> ContactState:
        name = found.contact_id
        rebuilt, known, history = split_prior_states(found)
        if self._traces and (trace := self._traces.get(trace_key(name))) is not None:
            self.used.add(trace_key(name))
            known.append(decode(trace))
        before, begun = starting_state(rebuilt, known, self._erased.until(name))
        refused = Counter[str]()
        left, whole = self._after_erasure(history, known)
        facts = [read.fact for read in read_rows(left, refused)]
        done = fold_facts(name, facts, before, begun=begun, whole=whole)
        self.outcomes.update({outcome.value: count for outcome, count in done.outcomes.items()})
        self.outcomes.update(refused + Counter({FoldOutcome.IN_VAIN.value: len(history.rows) - len(left.rows)}))
        return done.state

    def _after_erasure(self, history: ContactHistory, known: Iterable[ContactState]) -> tuple[ContactHistory, bool]:
        """The rows that came after the person's erasure, whatever time they name; and whether none is known of."""
        listed = self._erased.last_command_received(history.contact_id)  # includes commands that `lake erase` removed
        after = rows_after_erasure(history.rows, known, self._heard)
        left = [row for row in after if listed is None or row.appended_at > listed]
        return history._replace(rows=left), listed is None and command_heard(known, self._heard) is None


class _PartitionFiles:
    """Writes records in any order into one file for each partition."""

    def __init__(self, target: Path, partitions: int) -> None:
        self._outs = [RecordWriter(target / contacts_file(number)) for number in range(partitions)]
        self._waiting: list[list[Record]] = [[] for _ in self._outs]

    def add(self, records: Iterable[Record]) -> None:
        for record in records:
            waiting = self._waiting[record.partition]
            waiting.append(record)
            if len(waiting) == RECORDS_AT_ONCE:
                self._outs[record.partition].add(waiting)
                waiting.clear()

    def done(self) -> list[FileEntry]:
        for out, waiting in zip(self._outs, self._waiting, strict=True):
            if waiting:
                out.add(waiting)
        return [out.done() for out in self._outs]


def _path_of(task: FoldTask, bucket: int) -> Path:
    return task.out / f"{bucket:06}.zst"
