"""Replaces files of the lake by others: merged ones, and ones without erased people.

The manifest of a rewrite names old and new files; for readers of manifests, creating it is the switch. Rewrites are
numbered: a writer whose number exists already has planned from an outdated view of the lake, and plans again.

Readers of the folders see the new files first and the old ones for a moment longer, so rows twice: the views remove
that. The other way round rows would be missing, which no view could repair.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
from msgspec import Struct

from sinks.lake.files import Files, new_name
from sinks.lake.manifests import (
    MANIFESTS,
    STAGING,
    FileName,
    LakeFile,
    NamePart,
    encode,
    number_text,
    read,
    staged_name,
)
from sinks.lake.parquet import write_parquet

REWRITES = f"{MANIFESTS}/rewrites"


class Rewrite(Struct, frozen=True):
    """The manifest of a rewrite: the files `new` take the place of `old`."""

    number: int
    writer: NamePart
    old: tuple[FileName, ...]
    new: tuple[LakeFile, ...]


class Successor(NamedTuple):
    """A new file and its rows; an empty table makes no file."""

    name: str
    table: pa.Table


class RewriteConflict(Exception):
    """Another writer has rewritten files meanwhile: list the lake again."""


class Rewriter:
    """Rewrites files, one rewrite after the other; `next` is the number of the next one. Calls may raise OSError."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.next = 0

    def begin(self) -> None:
        """Complete the last rewrite, if its writer has not. List the lake after this call, not before."""
        names = self._files.below(REWRITES)
        if not names:
            self.next = 0
            return
        last = read(self._files, names[-1], Rewrite)
        self._settle(last)
        self.next = last.number + 1

    def rewrite(self, old: Sequence[str], new: Iterable[Successor]) -> Rewrite:
        """Replace the files `old` by `new`. Raises RewriteConflict, and then has changed nothing."""
        writer = new_name()
        staged: list[LakeFile] = []
        for name, table in new:
            if table.num_rows:
                size = self._stage(staged_name(staging_of(self.next), writer, name), table)
                staged.append(LakeFile(name, table.num_rows, size))
        wanted = Rewrite(self.next, writer, tuple(old), tuple(staged))
        draft = f"{staging_of(self.next)}/{writer}/manifest.json"
        if not self._files.create(manifest_of(self.next), encode(wanted), draft):
            self._files.delete_below(f"{staging_of(self.next)}/{writer}")
            raise RewriteConflict(f"rewrite {self.next} was another's")
        self._settle(wanted)
        self.next += 1
        return wanted

    def _settle(self, done: Rewrite) -> None:
        for file in done.new:
            self._files.move(staged_name(staging_of(done.number), done.writer, file.name), file.name)
        for name in done.old:
            self._files.delete(name)
        self._files.delete_below(staging_of(done.number))

    def _stage(self, name: str, table: pa.Table) -> int:
        with self._files.writing(name) as file:
            write_parquet(table, file)
            return file.tell()


def manifest_of(number: int) -> str:
    """The name of a rewrite's manifest."""
    return f"{REWRITES}/{number_text(number)}.json"


def staging_of(number: int) -> str:
    """The staging folder of a rewrite."""
    return f"{STAGING}/rewrites/{number_text(number)}"
