"""Which files history is read from, and their rows: of the lake by its manifests, else of any folder of such files."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sinks.lake.files import Files
from sinks.lake.live_files import live
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.schema import COLUMNS, EVENT

NEEDED = ("topic_id", "partition", "offset", "appended_at", "fragment", EVENT)
"""The columns that folding needs: where a row stood, when it was appended, whom it is about, and all of it."""

NEEDED_SCHEMA = pa.schema([(name, COLUMNS[name]) for name in NEEDED])

ROWS_AT_ONCE = 20_000

Wanted = Callable[[str], bool]
"""Whether a file is, by its name within the lake: `sinks.lake.manifests.date_in` and `type_in` read it."""


class Piece(NamedTuple):
    """A file, by its name within the lake, and how many rows it has."""

    name: str
    rows: int


def everything(_: str) -> bool:
    """Every file is wanted."""
    return True


def pieces(files: Files, wanted: Wanted = everything) -> list[Piece]:
    """The files of `interactions`, in order. Raises OSError, and `Damaged`.

    They are those that the lake's manifests name; where there are none, all that end in `.parquet`, but for those in
    folders whose names begin with `_` or a dot. What a lake's manifests name may be merged into another file before it
    is opened: ask again then.
    """
    lake = live(files)
    if lake.ranges or lake.files:
        known = zip(lake.places_of(INTERACTIONS), lake.of(INTERACTIONS), strict=True)
        return [Piece(place, file.rows) for place, file in known if wanted(file.name)]
    names = [name for name in files.below("") if name.endswith(".parquet") and _is_shown(name) and wanted(name)]
    return [Piece(name, _rows_in(files, name)) for name in names]


def batches(files: Files, name: str) -> Iterator[pa.RecordBatch]:
    """The rows of a file in `NEEDED_SCHEMA`, in its order. Raises OSError; ValueError for a file without a column."""
    with files.open(name) as file:
        parquet = pq.ParquetFile(file)
        missing = set(NEEDED).difference(parquet.schema_arrow.names)
        if missing:
            raise ValueError(f"{name} has no column {', '.join(sorted(missing))}: is it a file of `interactions`?")
        for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=list(NEEDED), use_threads=False):
            yield batch.select(list(NEEDED)).cast(NEEDED_SCHEMA)


def only_of_somebody(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Without rows that have no fragment or no event: of people who were erased from the lake, or no interactions."""
    return batch.filter(pc.and_(pc.is_valid(batch["fragment"]), pc.is_valid(batch[EVENT])))


def _rows_in(files: Files, name: str) -> int:
    with files.open(name) as file:
        return int(pq.read_metadata(file).num_rows)


def _is_shown(name: str) -> bool:
    return not any(part.startswith(("_", ".")) for part in name.split("/"))
