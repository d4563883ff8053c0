"""Rows of the lake as readers see them: in its folders, and in its manifests."""

import io
from collections.abc import Iterable
from typing import Any

import pyarrow.parquet as pq

from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS

LakeRows = list[tuple[int, int, bytes | None]]
"""Partition, offset and bytes of each row, in this order."""


def rows_in_folders(files: Files) -> LakeRows:
    return _rows(files, files.below(INTERACTIONS))


def rows_in_manifests(files: Files) -> LakeRows:
    return _rows(files, find_live_files(files).places_of(INTERACTIONS))


def rows_of(files: Files, name: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    return list(pq.ParquetFile(io.BytesIO(files.read(name))).read(columns=columns).to_pylist())


def _rows(files: Files, names: Iterable[str]) -> LakeRows:
    found = (row for name in names for row in rows_of(files, name, ["partition", "offset", "event"]))
    return sorted(((row["partition"], row["offset"], row["event"]) for row in found), key=lambda row: row[:2])
