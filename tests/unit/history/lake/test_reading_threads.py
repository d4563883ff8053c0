import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import orjson
import pyarrow as pa
import pytest

from sinks.lake.files import LocalFiles
from sinks.lake.parquet import read_columns, read_parquet, write_parquet
from sinks.lake.schema import INTERACTIONS_SCHEMA
from streams.history.lake.row_reading import read_file_rows
from streams.history.refold.lake_source import read_batches
from tests.unit.events.records import event

EVENT = orjson.dumps(event())
NAME = "part.parquet"
ROWS = 3
Reading = Callable[[LocalFiles], int]
"""Reads the file whole and says how many rows it had."""


class _Noted(io.FileIO):
    """A file that notes which threads read it."""

    def __init__(self, path: Path, readers: set[int]) -> None:
        super().__init__(path)
        self._readers = readers

    def read(self, size: int | None = -1, /) -> bytes:
        self._readers.add(threading.get_ident())
        return super().read(size) or b""


class _NotingFiles(LocalFiles):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.readers: set[int] = set()

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, _Noted(self._root / name, self.readers))


@pytest.mark.parametrize(
    "read",
    [
        lambda files: len(read_parquet(files, NAME, INTERACTIONS_SCHEMA)),
        lambda files: len(read_columns(files, NAME, ["event"])),
        lambda files: sum(map(len, read_batches(files, NAME))),
        lambda files: sum(1 for _ in read_file_rows(files, NAME)),
    ],
    ids=["whole", "some columns", "to fold again", "to replay"],
)
def test_only_the_thread_that_asks_reads_a_parquet_file(tmp_path: Path, read: Reading) -> None:
    """A thread of Arrow that still holds a file of Python as the program ends aborts the program."""
    files = _NotingFiles(tmp_path)
    with files.writing(NAME) as file:
        write_parquet(_rows(), file)

    assert read(files) == ROWS
    assert files.readers == {threading.get_ident()}


def _rows() -> pa.Table:
    known = {"event": [EVENT] * ROWS, "fragment": ["email:0"] * ROWS}
    return pa.table(
        [pa.array(known.get(field.name, [None] * ROWS), field.type) for field in INTERACTIONS_SCHEMA],
        schema=INTERACTIONS_SCHEMA,
    )
