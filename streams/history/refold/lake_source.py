"""Lists the Parquet files of history, from a lake's manifests or a plain folder, and reads their rows."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.parquet import open_parquet
from sinks.lake.schema import COLUMNS, EVENT

NEEDED = ("topic_id", "partition", "offset", "appended_at", "fragment", EVENT)
"""The columns that folding needs: a row's position, when it was appended, its contact, and the event."""

NEEDED_SCHEMA = pa.schema([(name, COLUMNS[name]) for name in NEEDED])

ROWS_AT_ONCE = 20_000

Wanted = Callable[[str], bool]
"""Whether to read a file, by its name within the lake: see `sinks.lake.manifests.date_in` and `type_in`."""


class LakeFileRows(NamedTuple):
    """A file, by its name within the lake, and its number of rows."""

    name: str
    rows: int


def every_file(_: str) -> bool:
    """Accept every file."""
    return True


def interaction_files(files: Files, wanted: Wanted = every_file) -> list[LakeFileRows]:
    """The files of `interactions`, in order. Raises OSError, and `Damaged`.

    They are those that the lake's manifests name; where there are none, all that end in `.parquet`, except in folders
    whose names begin with `_` or a dot. A named file may be merged into another before it is opened: ask again then.
    """
    lake = find_live_files(files)
    if lake.ranges or lake.files:
        known = zip(lake.places_of(INTERACTIONS), lake.of(INTERACTIONS), strict=True)
        return [LakeFileRows(place, file.rows) for place, file in known if wanted(file.name)]
    names = [name for name in files.below("") if name.endswith(".parquet") and _is_shown(name) and wanted(name)]
    return [LakeFileRows(name, _rows_in(files, name)) for name in names]


def read_batches(files: Files, name: str) -> Iterator[pa.RecordBatch]:
    """The rows of a file in `NEEDED_SCHEMA`, in order. Raises OSError; ValueError for a file without a column."""
    with files.open(name) as file:
        parquet = open_parquet(file)
        missing = set(NEEDED).difference(parquet.schema_arrow.names)
        if missing:
            raise ValueError(f"{name} has no column {', '.join(sorted(missing))}: is it a file of `interactions`?")
        for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=list(NEEDED), use_threads=False):
            yield batch.select(list(NEEDED)).cast(NEEDED_SCHEMA)


def with_contact_and_event(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Drop rows without a fragment or an event: those of people erased from the lake, or no interactions."""
    return batch.filter(pc.and_(pc.is_valid(batch["fragment"]), pc.is_valid(batch[EVENT])))


def _rows_in(files: Files, name: str) -> int:
    with files.open(name) as file:
        return int(open_parquet(file).metadata.num_rows)


def _is_shown(name: str) -> bool:
    return not any(part.startswith(("_", ".")) for part in name.split("/"))
