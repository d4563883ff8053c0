"""DuckDB with the lake's views in it, for programs that ask."""

import duckdb

from sinks.lake.files import Files, RemoteFiles
from sinks.lake.reading import live
from sinks.lake.views import views_sql


def ask_lake(files: Files) -> duckdb.DuckDBPyConnection:
    """A connection that sees the lake of this moment, each row once; close it.

    A file may be merged into another before it is read: then a query raises `duckdb.IOException`, and the cure is
    another connection. Times are in UTC, as the dates of folders are. Raises OSError, and `Damaged`.
    """
    connection = duckdb.connect()
    if isinstance(files, RemoteFiles):
        connection.register_filesystem(files.system)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(views_sql(files, live(files)))
    return connection
