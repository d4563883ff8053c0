"""What a history holds at all, told where a question finds nothing: its time range, campaigns and teams."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from events.spelling import nearest_name
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.live_files import LiveFiles
from sinks.lake.manifests import INTERACTIONS, LakeFile, date_in, type_in
from streams.domain.display_names import is_shown
from streams.domain.messages import CodedMessage, Instant, message
from streams.history.insights.history_source import DUCKDB_MEMORY, History
from streams.history.insights.question import Dimension

Named = Literal["campaign_id", "team"]
_COLUMNS: Final[Mapping[Dimension, Named]] = {"campaign": "campaign_id", "team": "team"}
_COMMANDS = "contact."
"""Types with this prefix are decisions about people, not interactions with them."""


class TimeRange(Struct, frozen=True):
    """When the first and the latest interaction happened, ms since 1970."""

    first: int
    latest: int


def time_range_of(history: History) -> TimeRange | None:
    """The time range of the whole history; None: it holds no interaction.

    Raises `duckdb.Error` when a file cannot be read.
    """
    times = [*_in_tail(history.tail), *_in_files(history)]
    return TimeRange(min(times), max(times)) if times else None


def topic_began(history: History) -> int | None:
    """When the oldest record was appended that the topic still has, ms since 1970; None: a lake holds what is older.

    Of what happened before it there is only what was told later, so where nothing was counted nothing is known.
    """
    if history.files is not None or not len(history.tail):
        return None
    return int(pc.min(history.tail["appended_at"].cast(pa.int64())).as_py())


def known_range_message(known: TimeRange | None, zone: str) -> CodedMessage:
    """When the first and the latest interaction of all history happened; `known` None: there is none."""
    if known is None:
        return message("insights.no_interaction")
    return message("insights.known_range", first=Instant(known.first, zone), latest=Instant(known.latest, zone))


def unknown_value_remarks(history: History, only: Mapping[Dimension, str]) -> list[CodedMessage]:
    """A remark for each campaign or team in `only` that no interaction names, with the nearest known name.

    Raises as `time_range_of`.
    """
    told = []
    for dimension, column in _COLUMNS.items():
        wanted = only.get(dimension)
        if wanted is not None and wanted not in (names := names_of(history, column)):
            near = nearest_name(wanted, sorted(filter(is_shown, names)))
            code = f"insights.unknown_{dimension}"
            told.append(message(f"{code}_near", name=wanted, near=near) if near else message(code, name=wanted))
    return told


def names_of(history: History, column: Named) -> set[str]:
    """Every campaign, or every team, that any interaction names. Raises as `time_range_of`."""
    rows = history.tail.filter(pc.invert(pc.starts_with(history.tail["type"], _COMMANDS)))
    names = set(rows[column].unique().to_pylist())
    files = _files(history)
    if history.files is not None and files:
        with ask_lake(history.files, _only(history, files), {"memory_limit": DUCKDB_MEMORY}) as connection:
            found = connection.table("lake_interactions").select(column).distinct().fetchall()
        names.update(name for (name,) in found)
    return names - {None}


def _in_tail(tail: pa.Table) -> Iterator[int]:
    rows = tail.filter(pc.invert(pc.starts_with(tail["type"], _COMMANDS)))
    if len(rows):
        yield from pc.min_max(rows["time"].cast(pa.int64())).as_py().values()


def _in_files(history: History) -> Iterator[int]:
    """Times from the files of the first and the last date."""
    files = _files(history)
    if history.files is None or not files:
        return
    ends = (min(map(_date, files)), max(map(_date, files)))
    part = _only(history, [file for file in files if _date(file) in ends])
    with ask_lake(history.files, part, {"memory_limit": DUCKDB_MEMORY}) as connection:
        found = connection.execute('SELECT epoch_ms(min("time")), epoch_ms(max("time")) FROM lake_interactions')
        yield from (time for time in found.fetchone() or () if time is not None)


def _files(history: History) -> list[LakeFile]:
    return [file for file in history.seen.of(INTERACTIONS) if not type_in(file.name).startswith(_COMMANDS)]


def _only(history: History, files: Iterable[LakeFile]) -> LiveFiles:
    """The lake without interactions but those of some files."""
    others = {name: file for name, file in history.seen.files.items() if not name.startswith(f"{INTERACTIONS}/")}
    return history.seen._replace(files=others | {file.name: file for file in files})


def _date(file: LakeFile) -> str:
    return date_in(file.name)
