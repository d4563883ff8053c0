"""Writes ranges of `interactions` into the lake, each exactly once.

The files of a range are staged where no reader looks; the manifest that names them is created, which is the commit;
then they are moved into place, by the next writer if this one is killed.

Another writer may be at the same partition, frozen at any line. So staged files of a range stay until it has a
manifest, and then only those that it names are kept.
"""

import errno
from collections.abc import Callable, Sequence

import pyarrow as pa

from sinks.lake.anonymised_rows import anonymise_interactions
from sinks.lake.erasure_list import Erasures, read_erasures
from sinks.lake.files import Files, new_name
from sinks.lake.manifests import (
    INTERACTIONS,
    LakeFile,
    OffsetRange,
    encode,
    last_range,
    name_of,
    number_text,
    read,
    staged_name,
    staging_of,
    staging_of_partition,
)
from sinks.lake.parquet import write_parquet
from sinks.lake.rows import Folder, LogRecord, tables_of


class RangeConflict(Exception):
    """Another writer has written this range: go on behind it."""


class WriteGivenUp(Exception):
    """The time to stop was up before all files of a range were staged; nothing of it is in the lake."""


def never() -> bool:
    """For writers whose time is not limited."""
    return False


class LakeWriter:
    """Writes the ranges of one topic. Calls raise OSError when the store fails: go on at `position`.

    `is_late`: asked before each file; from then on no range is written any more that has no manifest yet.
    """

    def __init__(self, files: Files, topic_id: str, is_late: Callable[[], bool] = never) -> None:
        self._files = files
        self._topic_id = topic_id
        self._is_late = is_late
        self._erased: Erasures | None = None

    def position(self, partition: int) -> int | None:
        """The first offset that is not in the lake; None where the partition has none in it, so that 0 comes first.

        Completes the ranges that other writers have committed.
        """
        self._recover(partition)
        last = last_range(self._files, self._topic_id, partition)
        return None if last is None else last.last_offset + 1

    def write(self, partition: int, first: int, last: int, records: Sequence[LogRecord]) -> OffsetRange:
        """Write a partition's records from offset `first` to `last`.

        Raises RangeConflict or WriteGivenUp, and then has written none. Late records of erased people are anonymised.
        """
        self._erased = erased = read_erasures(self._files, self._erased)
        writer = new_name()
        staging = staging_of(self._topic_id, partition, first)
        files = []
        for folder, table in sorted(tables_of(records, self._topic_id).items()):
            if self._is_late():
                self._files.delete_below(f"{staging}/{writer}")  # a reader sees none of it, and nobody else's is there
                raise WriteGivenUp
            left = anonymise_interactions(table, folder.type, erased) if len(erased) else None
            name = self._file_name(folder, partition, first, last)
            size = self._stage(staged_name(staging, writer, name), table if left is None else left.table)
            files.append(LakeFile(name, table.num_rows, size))
        self._require_staged(staging, writer, files)
        return self._commit(OffsetRange(self._topic_id, partition, first, last, writer, tuple(files)))

    def skip(self, partition: int, first: int, last: int) -> OffsetRange:
        """Commit an empty range for records that the topic has deleted. Raises RangeConflict."""
        return self._commit(OffsetRange(self._topic_id, partition, first, last, new_name(), lost=True))

    def _commit(self, wanted: OffsetRange) -> OffsetRange:
        staging = staging_of(self._topic_id, wanted.partition, wanted.first_offset)
        name = name_of(self._topic_id, wanted.partition, wanted.first_offset)
        if not self._files.create(name, encode(wanted), f"{staging}/{wanted.writer}/manifest.json"):
            self._recover(wanted.partition)
            raise RangeConflict(f"partition {wanted.partition}: offset {wanted.first_offset} was written by another")
        self._settle(wanted)
        return wanted

    def _recover(self, partition: int) -> None:
        """Complete every range that has staged files and a manifest."""
        start = len(staging_of_partition(self._topic_id, partition)) + 1
        staged = self._files.below(staging_of_partition(self._topic_id, partition))
        for first in sorted({int(name[start:].partition("/")[0]) for name in staged}):
            name = name_of(self._topic_id, partition, first)
            if self._files.there(name):
                self._settle(read(self._files, name, OffsetRange))

    def _settle(self, done: OffsetRange) -> None:
        staging = staging_of(done.topic_id, done.partition, done.first_offset)
        for file in done.files:
            self._files.move(staged_name(staging, done.writer, file.name), file.name)
        self._files.delete_below(staging)

    def _require_staged(self, staging: str, writer: str, files: Sequence[LakeFile]) -> None:
        """Raise FileNotFoundError where this process was frozen for so long that its files were deleted."""
        staged = set(self._files.below(f"{staging}/{writer}"))
        if not all(staged_name(staging, writer, file.name) in staged for file in files):
            self._files.delete_below(f"{staging}/{writer}")  # what was staged since then is nobody's
            raise FileNotFoundError(errno.ENOENT, "what was to be written was taken away meanwhile: begin again")

    def _stage(self, name: str, table: pa.Table) -> int:
        with self._files.writing(name) as file:
            write_parquet(table, file)
            return file.tell()

    def _file_name(self, folder: Folder, partition: int, first: int, last: int) -> str:
        numbers = f"{partition}-{number_text(first)}-{number_text(last)}.{self._topic_id}"
        return f"{INTERACTIONS}/date={folder.date}/type={folder.type}/{numbers}.parquet"
