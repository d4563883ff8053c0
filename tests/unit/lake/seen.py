"""What a reader of the lake's folders sees, who knows of no manifests."""

import io

import pyarrow.parquet as pq

from sinks.lake.files import Files
from sinks.lake.manifests import INTERACTIONS


def seen(files: Files) -> list[tuple[int, int, bytes | None]]:
    """Partition, offset and bytes of each row, in this order."""
    rows = []
    for name in files.below(INTERACTIONS):
        table = pq.ParquetFile(io.BytesIO(files.read(name))).read(columns=["partition", "offset", "event"])
        rows += [(row["partition"], row["offset"], row["event"]) for row in table.to_pylist()]
    return sorted(rows, key=lambda row: row[:2])
