"""Merges the small files of a day and type into few.

Rows are sorted by fragment and time, so that readers can skip the others.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from sinks.lake.files import Files, new_name
from sinks.lake.live_files import find_live_files, write_checkpoint
from sinks.lake.manifests import INTERACTIONS, LakeFile, date_in
from sinks.lake.parquet import read_parquet
from sinks.lake.rewrites import RewriteConflict, Rewriter, Successor
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.unfinished_writes import settle_unfinished_writes

MOST_BYTES = 256 << 20
"""The most bytes of a merged file."""
MOST_ROWS = 500_000
"""The most rows of a merged file: they are sorted in memory, at about 2 KB each."""
ORDER = [("fragment", "ascending"), ("time", "ascending"), ("offset", "ascending")]


class CompactionResult(NamedTuple):
    """How many files became how many, and their rows."""

    before: int
    after: int
    rows: int


def compact(files: Files, before: str, most_bytes: int = MOST_BYTES) -> CompactionResult:
    """Merge the files in folders of dates before `before` (`2012-02-22`). Raises OSError and `LakeDamaged`."""
    settle_unfinished_writes(files)
    rewriter = Rewriter(files)
    done = CompactionResult(0, 0, 0)
    while True:
        rewriter.begin()
        try:
            where = find_live_files(files)
            for group in groups(where.of(INTERACTIONS), before, most_bytes):
                # A file that is still being moved is for the next time, even if it is in its place as well.
                if all(file.name not in where.places and files.there(file.name) for file in group):
                    rewriter.rewrite([file.name for file in group], [_merged(files, group)])
                    rows = sum(file.rows for file in group)
                    done = CompactionResult(done.before + len(group), done.after + 1, done.rows + rows)
        except RewriteConflict:
            continue
        write_checkpoint(files, find_live_files(files))
        return done


def groups(found: Sequence[LakeFile], before: str, most_bytes: int) -> Iterator[list[LakeFile]]:
    """Groups of files of one folder that are to be merged. A file of half the greatest size stays as it is."""
    folders: dict[str, list[LakeFile]] = {}
    for file in found:
        folder = file.name.rpartition("/")[0]
        if date_in(folder) < before and file.bytes * 2 <= most_bytes and file.rows * 2 <= MOST_ROWS:
            folders.setdefault(folder, []).append(file)
    for small in folders.values():
        group: list[LakeFile] = []
        for file in small:
            full = sum(each.bytes for each in group) + file.bytes > most_bytes
            if full or sum(each.rows for each in group) + file.rows > MOST_ROWS:
                if len(group) > 1:
                    yield group
                group = []
            group.append(file)
        if len(group) > 1:
            yield group


def _merged(files: Files, group: Sequence[LakeFile]) -> Successor:
    table = pa.concat_tables([read_parquet(files, file.name, INTERACTIONS_SCHEMA) for file in group])
    folder = group[0].name.rpartition("/")[0]
    return Successor(f"{folder}/merged-{new_name()}.parquet", table.sort_by(ORDER))
