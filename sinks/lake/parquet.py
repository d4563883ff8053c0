"""How all Parquet files of the lake are written, and read whole."""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sinks.lake.files import Files

WITHOUT_DICTIONARY = frozenset({"event", "id", "offset", "appended_at", "time", "fragment"})
"""Columns whose values hardly repeat within a file."""
ROWS_IN_A_GROUP = 100_000


def write_parquet(table: pa.Table, file: BinaryIO) -> None:
    """All rows, in their order. Statistics say of each group which fragments and times are in it."""
    repeating = [name for name in table.column_names if name not in WITHOUT_DICTIONARY]
    pq.write_table(table, file, compression="zstd", use_dictionary=repeating, row_group_size=ROWS_IN_A_GROUP)


def read_parquet(files: Files, name: str, schema: pa.Schema) -> pa.Table:
    """All rows in the columns of today: one that the file does not have yet is null."""
    with files.open(name) as file:
        table = pq.ParquetFile(file).read()
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def read_columns(files: Files, name: str, columns: list[str]) -> pa.Table:
    """Some columns of all rows. Of a store that reads in pieces no others are fetched."""
    with files.open(name) as file:
        return pq.ParquetFile(file).read(columns=columns)
