"""A lake as months of campaigning would fill it, invented by DuckDB so fast that 100 million rows are no trouble.

Half a year in which supporters are written to, open and click, give, are texted, knocked at and invited; few of them
are lively and most are not. Seven of ten are known by e-mail, two by a VAN id and an address, one by a voter id. Mail
is most of all, providers say things twice, canvassers upload days later, gifts are taken back. One seed makes one lake
with one release of DuckDB, whose `hash` is the only source of chance.

Rows lie as a merged lake has them: a file for each day and type. Partitions are given out by another hash than Kafka's.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from sinks.lake.files import LocalFiles
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.parquet import write_parquet
from sinks.lake.schema import INTERACTIONS_SCHEMA

DAYS = 180
ROWS_EACH = 18.9
"""Interactions of a contact, about."""

_DAY = Path(__file__).with_name("day.sql")
_MEMORY = "1GB"


def contacts_of(rows: int) -> int:
    """How many contacts have about so many interactions in `DAYS`."""
    return max(1, round(rows / ROWS_EACH))


def invent_day(root: Path, contacts: int, seed: int, day: int) -> int:
    """Write what is appended on a day (counted from 0) into the lake at `root`; how many rows it is."""
    files = LocalFiles(root)
    written = 0
    for folder, table in _folders(_rows(contacts, seed, day)):
        with files.writing(f"{INTERACTIONS}/{folder}/day-{day:04}.parquet") as file:
            write_parquet(table, file)
        written += len(table)
    return written


def _rows(contacts: int, seed: int, day: int) -> pa.Table:
    with duckdb.connect(config={"threads": 1, "memory_limit": _MEMORY}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, value in (("seed", seed), ("day", day), ("contacts", contacts)):
            connection.execute(f"SET VARIABLE {name} = {value:d}::BIGINT")
        return connection.sql(_DAY.read_text()).to_arrow_table()


def _folders(found: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """By folder, the rows in the lake's schema."""
    table = _shaped(found)
    for folder in sorted(found["folder"].unique().to_pylist()):
        yield folder, table.filter(pc.equal(found["folder"], folder))


def _shaped(found: pa.Table) -> pa.Table:
    columns = [
        found[field.name].cast(field.type) if field.name in found.column_names else pa.nulls(len(found), field.type)
        for field in INTERACTIONS_SCHEMA
    ]
    return pa.table(columns, schema=INTERACTIONS_SCHEMA)
