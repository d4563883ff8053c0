"""DuckDB connections that have the lake's views."""

from collections.abc import Mapping

import duckdb

from sinks.lake.files import Files, RemoteFiles
from sinks.lake.live_files import LiveFiles, find_live_files
from sinks.lake.objects import ObjectFiles
from sinks.lake.views import views_sql


def ask_lake(
    files: Files, seen: LiveFiles | None = None, config: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Connect to the lake as it is now, each row once; close the connection.

    `seen`: the files to show; None for all. `config`: DuckDB's settings. A file may be merged into another before it is
    read: then a query raises `duckdb.IOException`, and the cure is another connection. Times are in UTC, as the dates
    of folders are. Raises OSError and `LakeDamaged`.
    """
    connection = duckdb.connect(config=dict(config or {}))
    if isinstance(files, RemoteFiles | ObjectFiles):
        connection.register_filesystem(files.system)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(views_sql(files, find_live_files(files) if seen is None else seen))
    return connection
