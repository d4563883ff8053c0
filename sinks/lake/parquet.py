"""Writes and reads the Parquet files of the lake."""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sinks.lake.files import Files

WITHOUT_DICTIONARY = frozenset({"event", "id", "offset", "appended_at", "time", "fragment"})
"""Columns whose values hardly repeat within a file."""
SOUGHT = ["partition", "offset", "appended_at", "fragment", "time", "email", "phone"]
"""Columns by which rows are searched."""
ROWS_IN_A_GROUP = 100_000
FEW_ROWS = 1_000
"""Below this many rows, statistics and dictionaries take more room than the columns."""


def write_parquet(table: pa.Table, file: BinaryIO) -> None:
    """Write a table, rows in order, with statistics of fragments and times for each row group."""
    few = table.num_rows < FEW_ROWS
    pq.write_table(
        table,
        file,
        compression="zstd",
        use_dictionary=False if few else [name for name in table.column_names if name not in WITHOUT_DICTIONARY],
        write_statistics=[name for name in SOUGHT if name in table.column_names] if few else True,
        row_group_size=ROWS_IN_A_GROUP,
        store_schema=False,
    )


def open_parquet(file: BinaryIO) -> pq.ParquetFile:
    """Open a Parquet file so that the calling thread does all reading; read it with `use_threads=False`.

    Arrow otherwise reads ahead in threads of its own, and one that still holds a Python object when the program ends
    aborts the process.
    """
    return pq.ParquetFile(file, pre_buffer=False)


def read_parquet(files: Files, name: str, schema: pa.Schema) -> pa.Table:
    """Read all rows in the present columns; one that an older file does not have is null."""
    with files.open(name) as file:
        table = open_parquet(file).read(use_threads=False)
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def read_columns(files: Files, name: str, columns: list[str]) -> pa.Table:
    """Read some columns of all rows; a store that reads in pieces fetches no others."""
    with files.open(name) as file:
        return open_parquet(file).read(columns=columns, use_threads=False)
