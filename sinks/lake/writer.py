"""Writes ranges of `interactions` into the lake, each exactly once.

The files of a range are staged where no reader looks; the manifest that names them is created; they are moved into
place. Up to the manifest nothing has happened, from it on all has: whoever comes next moves what is left.

Another writer may be at the same partition, frozen at any line of this. So what is staged for a range stays until there
is a manifest of that range, and then only what it names is kept.
"""

import errno
from collections.abc import Sequence

import pyarrow as pa

from sinks.lake.anonymised_rows import forget
from sinks.lake.erasure_list import Erasures, read_erasures
from sinks.lake.files import Files, new_name
from sinks.lake.manifests import (
    INTERACTIONS,
    LakeFile,
    Range,
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


class Overtaken(Exception):
    """Another writer has written this range: read on behind it."""


class LakeWriter:
    """Writes the ranges of one topic. Calls may raise OSError when the store fails: begin again at `position`."""

    def __init__(self, files: Files, topic_id: str) -> None:
        self._files = files
        self._topic_id = topic_id
        self._erased: Erasures | None = None

    def position(self, partition: int) -> int | None:
        """The first offset that is not in the lake; None where nothing of the partition is, and so 0 comes first.

        Ends what other writers have begun.
        """
        self._recover(partition)
        last = last_range(self._files, self._topic_id, partition)
        return None if last is None else last.last_offset + 1

    def write(self, partition: int, first: int, last: int, records: Sequence[LogRecord]) -> Range:
        """Take the records of a partition from offset `first` to `last`. Raises Overtaken, and then has taken none.

        What comes late of people who were erased loses the person.
        """
        self._erased = erased = read_erasures(self._files, self._erased)
        writer = new_name()
        staging = staging_of(self._topic_id, partition, first)
        files = []
        for folder, table in sorted(tables_of(records, self._topic_id).items()):
            left = forget(table, folder.type, erased) if len(erased) else None
            name = self._file_name(folder, partition, first, last)
            size = self._stage(staged_name(staging, writer, name), table if left is None else left.table)
            files.append(LakeFile(name, table.num_rows, size))
        self._require_staged(staging, writer, files)
        return self._commit(Range(self._topic_id, partition, first, last, writer, tuple(files)))

    def skip(self, partition: int, first: int, last: int) -> Range:
        """Go on behind records that the topic has no more. Raises Overtaken."""
        return self._commit(Range(self._topic_id, partition, first, last, new_name(), lost=True))

    def _commit(self, wanted: Range) -> Range:
        staging = staging_of(self._topic_id, wanted.partition, wanted.first_offset)
        name = name_of(self._topic_id, wanted.partition, wanted.first_offset)
        if not self._files.create(name, encode(wanted), f"{staging}/{wanted.writer}/manifest.json"):
            self._recover(wanted.partition)
            raise Overtaken(f"partition {wanted.partition}: offset {wanted.first_offset} was written by another")
        self._settle(wanted)
        return wanted

    def _recover(self, partition: int) -> None:
        """Settle every range for which something is staged and of which there is a manifest."""
        start = len(staging_of_partition(self._topic_id, partition)) + 1
        staged = self._files.below(staging_of_partition(self._topic_id, partition))
        for first in sorted({int(name[start:].partition("/")[0]) for name in staged}):
            name = name_of(self._topic_id, partition, first)
            if self._files.there(name):
                self._settle(read(self._files, name, Range))

    def _settle(self, done: Range) -> None:
        staging = staging_of(done.topic_id, done.partition, done.first_offset)
        for file in done.files:
            self._files.move(staged_name(staging, done.writer, file.name), file.name)
        self._files.delete_below(staging)

    def _require_staged(self, staging: str, writer: str, files: Sequence[LakeFile]) -> None:
        """Raise FileNotFoundError where this process was frozen for so long that its files were given up."""
        staged = set(self._files.below(f"{staging}/{writer}"))
        if not all(staged_name(staging, writer, file.name) in staged for file in files):
            raise FileNotFoundError(errno.ENOENT, "what was to be written was taken away meanwhile: begin again")

    def _stage(self, name: str, table: pa.Table) -> int:
        with self._files.writing(name) as file:
            write_parquet(table, file)
            return file.tell()

    def _file_name(self, folder: Folder, partition: int, first: int, last: int) -> str:
        numbers = f"{partition}-{number_text(first)}-{number_text(last)}.{self._topic_id}"
        return f"{INTERACTIONS}/date={folder.date}/type={folder.type}/{numbers}.parquet"
