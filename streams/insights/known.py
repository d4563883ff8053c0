"""From when to when there are interactions at all: told where the days that are asked about have none."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from sinks.lake.asking import ask_lake
from sinks.lake.manifests import INTERACTIONS, LakeFile, date_in, type_in
from streams.insights.history import MEMORY, History

_COMMANDS = "contact."
"""Types that begin so are what was decided about people, not what happened with them."""


class Known(Struct, frozen=True):
    """When the first and the latest interaction happened, ms since 1970."""

    first: int
    latest: int


def known_of(history: History) -> Known | None:
    """Of the whole history; None: it holds no interaction. Raises `duckdb.Error` when a file cannot be read."""
    times = [*_in_tail(history.tail), *_in_files(history)]
    return Known(min(times), max(times)) if times else None


def _in_tail(tail: pa.Table) -> Iterator[int]:
    rows = tail.filter(pc.invert(pc.starts_with(tail["type"], _COMMANDS)))
    if len(rows):
        yield from pc.min_max(rows["time"].cast(pa.int64())).as_py().values()


def _in_files(history: History) -> Iterator[int]:
    """From the files of the first date and of the last one."""
    files = [file for file in history.seen.of(INTERACTIONS) if not type_in(file.name).startswith(_COMMANDS)]
    if history.files is None or not files:
        return
    ends = (min(map(_date, files)), max(map(_date, files)))
    others = {name: file for name, file in history.seen.files.items() if not name.startswith(f"{INTERACTIONS}/")}
    part = history.seen._replace(files=others | {file.name: file for file in files if _date(file) in ends})
    with ask_lake(history.files, part, {"memory_limit": MEMORY}) as connection:
        found = connection.execute('SELECT epoch_ms(min("time")), epoch_ms(max("time")) FROM lake_interactions')
        yield from (time for time in found.fetchone() or () if time is not None)


def _date(file: LakeFile) -> str:
    return date_in(file.name)
