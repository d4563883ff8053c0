"""How all Parquet files of the lake are written, and read whole."""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sinks.lake.files import Files

WITHOUT_DICTIONARY = frozenset({"event", "id", "offset", "appended_at", "time", "fragment"})
"""Columns whose values hardly repeat within a file."""
SOUGHT = ["partition", "offset", "appended_at", "fragment", "time", "email", "phone"]
"""Columns by which rows are looked for."""
ROWS_IN_A_GROUP = 100_000
FEW_ROWS = 1_000
"""Below, what is said of columns takes more room than the columns do."""


def write_parquet(table: pa.Table, file: BinaryIO) -> None:
    """All rows, in their order. Statistics say of each group which fragments and times are in it."""
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
    """A Parquet file of which the thread that asks reads everything itself; read it with `use_threads=False`.

    Arrow otherwise reads ahead in threads of its own. One that still holds an object of Python when the program ends
    aborts the process after its work was done.
    """
    return pq.ParquetFile(file, pre_buffer=False)


def read_parquet(files: Files, name: str, schema: pa.Schema) -> pa.Table:
    """All rows in the columns of today: one that the file does not have yet is null."""
    with files.open(name) as file:
        table = open_parquet(file).read(use_threads=False)
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def read_columns(files: Files, name: str, columns: list[str]) -> pa.Table:
    """Some columns of all rows. Of a store that reads in pieces no others are fetched."""
    with files.open(name) as file:
        return open_parquet(file).read(columns=columns, use_threads=False)
