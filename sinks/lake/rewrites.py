"""Files of the lake that take the place of others: merged ones, and those from which a person was taken.

The manifest of a rewrite names old and new files and is the moment of the switch for whoever asks the manifests.
Rewrites are numbered, one upon the other: who wants to create a number that is there already has planned for a lake
that is no more, and plans anew.

Whoever reads the folders sees the new files first and the old ones for a moment longer, and the rows of both twice: the
views take that out. The other way round rows would be missing, which nothing could mend.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
from msgspec import Struct

from sinks.lake.files import Files, new_name
from sinks.lake.manifests import MANIFESTS, STAGING, FileName, LakeFile, Part, encode, number_text, read, staged_name
from sinks.lake.parquet import write_parquet

REWRITES = f"{MANIFESTS}/rewrites"


class Rewrite(Struct, frozen=True):
    """The rows of `old` are those of `new`, as they are to be."""

    number: int
    writer: Part
    old: tuple[FileName, ...]
    new: tuple[LakeFile, ...]


class Successor(NamedTuple):
    """A file to come. An empty table makes none."""

    name: str
    table: pa.Table


class Overtaken(Exception):
    """Somebody else has rewritten files meanwhile: look again what is there."""


class Rewriter:
    """Rewrites files, one rewrite after the other. `next`: the number of the next one. Calls may raise OSError."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.next = 0

    def begin(self) -> None:
        """End what others have begun. Look at the lake after this, and not before."""
        names = self._files.below(REWRITES)
        if not names:
            self.next = 0
            return
        last = read(self._files, names[-1], Rewrite)
        self._settle(last)
        self.next = last.number + 1

    def rewrite(self, old: Sequence[str], new: Iterable[Successor]) -> Rewrite:
        """Put `new` in the place of `old`. Raises Overtaken, and then has changed nothing."""
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
            raise Overtaken(f"rewrite {self.next} was another's")
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
    """Where files of a rewrite lie before."""
    return f"{STAGING}/rewrites/{number_text(number)}"
