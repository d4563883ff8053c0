"""Sorts prior states and the interactions of lake and topic by fragment into buckets, for folding."""

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from sinks.lake.files import open_files
from sinks.lake.live_files import find_live_files, next_offsets
from sinks.lake.manifests import INTERACTIONS
from streams.history.rebuild.prior_states import (
    CommandTimes,
    PriorState,
    command_times_in,
    earliest_times,
    rows_of_states,
)
from streams.history.rebuild.topic_tail import read_tails
from streams.history.refold.buckets import ROWS_IN_A_BUCKET, SortedHistory, Spiller, sort_history
from streams.operations.backup.manifest import Manifest, contacts_file, interactions_file
from streams.operations.backup.record_files import BackupError, Record, read_records
from streams.platform.settings import Settings

_TRACE = b"/"
_STATES_AT_ONCE = 2_000


class LakeContents(NamedTuple):
    """The lake at a moment: its place, files and rows, and by partition of the topic the offset behind its last row."""

    place: str
    names: frozenset[str]
    rows: int
    ends: list[int]


def lake_contents(place: str, topic_id: str, partitions: int) -> LakeContents:
    """What the lake holds now. Raises OSError, and `Damaged`."""
    files = open_files(place)
    seen = find_live_files(files)
    known = seen.of(INTERACTIONS)
    next_ = next_offsets(files, seen, topic_id, range(partitions))
    ends = [next_.get(number, 0) for number in range(partitions)]
    return LakeContents(place, frozenset(file.name for file in known), sum(file.rows for file in known), ends)


def sort_lake(lake: LakeContents, folder: Path, processes: int) -> SortedHistory:
    """Sort the lake's rows into buckets. Raises `BackupError` where files were merged since."""
    try:
        gathered = sort_history(lake.place, folder, processes, lake.names.__contains__)
    except FileNotFoundError as error:
        raise _merged() from error
    if gathered.rows + gathered.without != lake.rows:
        raise _merged()
    return gathered


class TailRange(NamedTuple):
    """Offsets of `interactions` by partition, and how many of the last records no worker had folded yet."""

    topic_id: str
    begins: Sequence[int]
    ends: Sequence[int]
    waiting: Sequence[int]


def tail_range(topic_id: str, begins: Sequence[int], manifest: Manifest) -> TailRange:
    """The range from `begins` to where the workers had folded when the backup of `manifest` was taken."""
    records = {file.name: file.records for file in manifest.files}
    waiting = [records[interactions_file(number)] for number in range(manifest.partitions)]
    return TailRange(topic_id, begins, manifest.interactions, waiting)


class SortedTail(NamedTuple):
    """Rows with the topic's tail added. `folded`: by partition the offset behind the last record that was read.

    `heard`: when the erasure commands among them came.
    """

    gathered: SortedHistory
    folded: list[int]
    heard: CommandTimes


def add_tail(settings: Settings, tail: TailRange, folder: Path, gathered: SortedHistory) -> SortedTail:
    """Add the topic's records to the sorted rows. Raises `BackupError` and Kafka's errors."""
    folder.mkdir(parents=True, exist_ok=True)
    spiller = Spiller(folder, "tail", gathered.buckets)
    folded, heard = list(tail.begins), dict[tuple[str, str], int]()

    async def take() -> None:
        batches = read_tails(settings, tail.topic_id, tail.begins, tail.ends, tail.waiting)
        async for batch in batches:
            for number, offset in _last_of(batch):
                folded[number] = offset + 1
            heard.update(earliest_times(heard, command_times_in(batch)))
            spiller.take(batch)

    asyncio.run(take())
    return SortedTail(_with(gathered, spiller, folder), folded, heard)


def add_states(kind: PriorState, backup: Path, partitions: int, folder: Path, gathered: SortedHistory) -> SortedHistory:
    """Add a backup's states to the sorted rows."""
    folder.mkdir(parents=True, exist_ok=True)
    spiller = Spiller(folder, f"states-{int(kind)}", gathered.buckets)
    states = (record for record in _contacts(backup, partitions) if not (record.key or b"").startswith(_TRACE))
    while batch := list(islice(states, _STATES_AT_ONCE)):
        spiller.take(rows_of_states(kind, batch))
    return _with(gathered, spiller, folder)


def traces_of(backup: Path, partitions: int) -> Iterator[Record]:
    """A backup's records of erased people whose identifiers are not kept, only their hash."""
    return (record for record in _contacts(backup, partitions) if (record.key or b"").startswith(_TRACE))


def buckets_for(rows: int, processes: int) -> SortedHistory:
    """Empty buckets, as many as that many rows need."""
    return SortedHistory((), max(processes, -(-rows // ROWS_IN_A_BUCKET)), 0, 0)


def delete_folder(folder: Path) -> None:
    """Delete a folder, if there is one."""
    shutil.rmtree(folder, ignore_errors=True)


def _contacts(backup: Path, partitions: int) -> Iterator[Record]:
    for number in range(partitions):
        yield from read_records(backup / contacts_file(number))


def _with(gathered: SortedHistory, spiller: Spiller, folder: Path) -> SortedHistory:
    spiller.spill()
    spills = tuple(sorted({*gathered.spills, *folder.glob("*.arrow")}))
    return SortedHistory(spills, gathered.buckets, gathered.rows + spiller.rows, gathered.without + spiller.without)


def _last_of(batch: pa.RecordBatch) -> Iterable[tuple[int, int]]:
    if not len(batch):
        return []
    return [(batch["partition"][-1].as_py(), batch["offset"][-1].as_py())]


def _merged() -> BackupError:
    return BackupError("files of the lake were merged while they were read: let `lake compact` rest, and build anew")
