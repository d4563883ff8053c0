"""DuckDB with the lake's views in it, for programs that ask."""

from collections.abc import Mapping

import duckdb

from sinks.lake.files import Files, RemoteFiles
from sinks.lake.live_files import Live, live
from sinks.lake.objects import ObjectFiles
from sinks.lake.views import views_sql


def ask_lake(
    files: Files, seen: Live | None = None, config: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection that sees the lake of this moment, each row once; close it.

    `seen`: the part of it that is meant; None: all. `config`: DuckDB's settings. A file may be merged into another
    before it is read: then a query raises `duckdb.IOException`, and the cure is another connection. Times are in UTC,
    as the dates of folders are. Raises OSError, and `Damaged`.
    """
    connection = duckdb.connect(config=dict(config or {}))
    if isinstance(files, RemoteFiles | ObjectFiles):
        connection.register_filesystem(files.system)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(views_sql(files, live(files) if seen is None else seen))
    return connection
