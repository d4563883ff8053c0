"""Opens a history in DuckDB: the lake's views over the needed files and over the rows that are not in the lake yet.

Files and tail never overlap and leave no gap: the lake's manifests say at which offset each partition of it ends, and
the tail begins there. Both become rows by the same function. So the views that remove copies and retracted interactions
see one history: a retraction in the tail reaches what lies in the lake.

The placed views add campaign, region and channel to each interaction, also where it does not name them itself. An open,
click or opt-out often names only the message: then its campaign is the one that the message's sending named. A missing
region is the contact's in the latest snapshot.
"""

import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from events.registry import TOUCHES, types_that
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.files import Files, LocalFiles
from sinks.lake.live_files import LiveFiles
from sinks.lake.manifests import INTERACTIONS, LakeFile, date_in, type_in
from sinks.lake.rows import LogRecord, tables_of
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.views import listed
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


DAY_MS = 86_400_000
MESSAGE_DAYS = 14
"""Days within which events of one message are related to each other."""


def messages_reach(span: Span) -> Reach:
    """The part of history needed to know the campaigns of messages."""
    return Reach(TOUCHES, message_span(span))


def message_span(span: Span) -> Span:
    """The span in which all events of a message of `span` lie."""
    return span.wider(MESSAGE_DAYS * DAY_MS, MESSAGE_DAYS * DAY_MS)


def create_placed_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views `placed_counted` and `placed_effective`: each interaction with campaign, region and channel.

    The columns are `campaign`, `place` and `reached_by`, null where nothing is known; all others are the lake's.
    """
    connection.execute(_KNOWN.format(touches=listed(TOUCHES)))
    for name in ("counted", "effective"):
        connection.execute(_PLACED.format(name=name))


_KNOWN = """
    CREATE TABLE message_campaigns AS
    SELECT contact_id, split_part("type", '.', 1) AS medium, message_id, min(campaign_id) AS campaign_id
    FROM interactions_counted
    WHERE "type" IN {touches}
      AND message_id IS NOT NULL AND campaign_id IS NOT NULL
    GROUP BY ALL;
    CREATE TABLE regions AS
    SELECT contact_id, "profile" ->> '$.zones.region' AS region FROM lake_profiles;
"""
_PLACED = """
    CREATE VIEW placed_{name} AS
    SELECT
        i.*,
        coalesce(i.campaign_id, m.campaign_id) AS campaign,
        coalesce(i.region, r.region) AS place,
        CASE
            WHEN i."type" LIKE 'email.%' OR i."type" LIKE 'text.%' THEN split_part(i."type", '.', 1)
            WHEN i."type" = 'canvass.reported' THEN i.method
            WHEN i."type" = 'consent.changed' THEN i.channel
        END AS reached_by
    FROM interactions_{name} AS i
    LEFT JOIN message_campaigns AS m
        ON m.contact_id = i.contact_id AND m.message_id = i.message_id AND m.medium = split_part(i."type", '.', 1)
    LEFT JOIN regions AS r ON r.contact_id = i.contact_id
"""
