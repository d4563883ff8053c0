"""Opens a history in DuckDB: the lake's views over the needed files and over the rows that are not in the lake yet.

Files and tail never overlap and leave no gap: the lake's manifests say at which offset each partition of it ends, and
the tail begins there. Both become rows by the same function. So the views that remove copies and retracted interactions
see one history: a retraction in the tail reaches what lies in the lake.
"""

import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from events.registry import types_that
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.files import Files, LocalFiles
from sinks.lake.live_files import LiveFiles
from sinks.lake.manifests import INTERACTIONS, LakeFile, date_in, type_in
from sinks.lake.rows import LogRecord, tables_of
from sinks.lake.schema import INTERACTIONS_SCHEMA
from streams.history.insights.spans import Span

DECIDE_ALL_TYPES = types_that(lambda spec: spec.decides == "all")
"""Types whose rows, of any date, may decide about rows of every type.

They are retractions, erasures, and what begins a record anew after an erasure.
"""
DECIDE_OWN_TYPE = types_that(lambda spec: spec.decides == "its_own")
"""Types whose rows, of any date, may decide about others of their type: the earliest version counts, or the latest."""

DUCKDB_MEMORY = "1GB"
"""Memory limit of DuckDB; what is more goes to a temporary folder."""


class Reach(NamedTuple):
    """The part of history that a question needs: rows of these types within a span of time."""

    types: Collection[str]
    span: Span


class History(NamedTuple):
    """Where to read. `seen`: the lake's files; `files` None: there is no lake, and the tail is everything."""

    files: Files | None
    seen: LiveFiles
    tail: pa.Table


NO_FILES = LiveFiles({}, {}, {}, (), 0)


@contextmanager
def open_history(history: History, reaches: Iterable[Reach]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the lake's views over what was asked for, and perhaps more. Times are in UTC.

    A file may be merged into another before it is read: then this raises `duckdb.IOException`, and the cure is to load
    the history again.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = history.files or LocalFiles(Path(folder) / "no-lake")
        limits = {"memory_limit": DUCKDB_MEMORY, "temp_directory": folder}
        with ask_lake(files, _relevant_files(history.seen, list(reaches)), limits) as connection:
            connection.register("live_rows", history.tail)
            connection.execute(_BOTH.format(columns=", ".join(f'"{name}"' for name in COLUMNS)))
            yield connection


COLUMNS = (
    *("contact_id", "date", "type", "time", "appended_at", "source", "id", "team", "region", "mailbox"),
    *("campaign_id", "turf", "message_id", "purpose", "experiment_id", "variant", "user_agent", "machine", "url"),
    *("kind", "donation_id", "refund_id", "amount", "currency", "pledge_id", "period", "instalment", "committee"),
    *("election", "refcode", "method", "outcome", "report_id", "support", "event_id", "starts_at", "channel"),
)
"""The columns that views and questions use; the others are not read, and identifiers stay in the files."""

_BOTH = """
    ALTER VIEW lake_interactions RENAME TO lake_filed;
    CREATE VIEW lake_interactions AS SELECT * FROM lake_filed UNION ALL BY NAME SELECT * FROM live_rows;
    -- Whoever asks asks several times: what counts is found out once.
    CREATE TABLE counted_once AS SELECT {columns} FROM lake_counted;
    CREATE OR REPLACE VIEW lake_counted AS SELECT * FROM counted_once;
"""


def tail_table(records: Iterable[LogRecord], topic_id: str) -> pa.Table:
    """Records that are not in the lake, as rows like those of its files, without the event's bytes."""
    tables = [TAIL_SCHEMA.empty_table()]
    for folder, table in tables_of(records, topic_id).items():
        date = pa.array([folder.date] * len(table)).cast(pa.date32())
        nulls = pa.nulls(len(table), pa.binary())
        without = table.set_column(table.schema.get_field_index("event"), "event", nulls)
        tables.append(without.append_column("date", date).append_column("type", pa.repeat(folder.type, len(table))))
    return pa.concat_tables(tables)


TAIL_SCHEMA = pa.schema([*INTERACTIONS_SCHEMA, ("date", pa.date32()), ("type", pa.string())])


def _relevant_files(seen: LiveFiles, reaches: list[Reach]) -> LiveFiles:
    """The files that can hold rows within one of `reaches`."""
    return seen._replace(files={name: file for name, file in seen.files.items() if _is_relevant(file, reaches)})


def _is_relevant(file: LakeFile, reaches: list[Reach]) -> bool:
    if not file.name.startswith(f"{INTERACTIONS}/"):
        return True
    type_, date = type_in(file.name), date_in(file.name)
    return any(_is_within(type_, date, reach) for reach in reaches)


def _is_within(type_: str, date: str, reach: Reach) -> bool:
    if type_ in DECIDE_ALL_TYPES:
        return True
    first, last = reach.span.utc_dates()
    return type_ in reach.types and (type_ in DECIDE_OWN_TYPE or first <= date <= last)
