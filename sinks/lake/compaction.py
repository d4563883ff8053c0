"""Merges the small files of a day and type into few.

Their rows are sorted by fragment and time, so that readers can skip what they do not look for.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from sinks.lake.files import Files, new_name
from sinks.lake.live_files import live, write_checkpoint
from sinks.lake.manifests import INTERACTIONS, LakeFile, date_in
from sinks.lake.parquet import read_parquet
from sinks.lake.rewrites import Overtaken, Rewriter, Successor
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.unfinished_writes import settle

MOST_BYTES = 256 << 20
"""Of a merged file, at most."""
MOST_ROWS = 500_000
"""Of a merged file: they are sorted in memory, at about 2 KB each."""
ORDER = [("fragment", "ascending"), ("time", "ascending"), ("offset", "ascending")]


class Compacted(NamedTuple):
    """How many files became how many, and of how many rows."""

    before: int
    after: int
    rows: int


def compact(files: Files, before: str, most_bytes: int = MOST_BYTES) -> Compacted:
    """Merge what lies in folders of dates before this one (`2012-02-22`). Raises OSError, and `Damaged`."""
    settle(files)
    rewriter = Rewriter(files)
    done = Compacted(0, 0, 0)
    while True:
        rewriter.begin()
        try:
            where = live(files)
            for group in groups(where.of(INTERACTIONS), before, most_bytes):
                # What is on its way into its place is for the next time, even if it is there as well.
                if all(file.name not in where.places and files.there(file.name) for file in group):
                    rewriter.rewrite([file.name for file in group], [_merged(files, group)])
                    rows = sum(file.rows for file in group)
                    done = Compacted(done.before + len(group), done.after + 1, done.rows + rows)
        except Overtaken:
            continue
        write_checkpoint(files, live(files))
        return done


def groups(found: Sequence[LakeFile], before: str, most_bytes: int) -> Iterator[list[LakeFile]]:
    """Files of one folder each that are to be one. Those that are half as large as one may be stay as they are."""
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
