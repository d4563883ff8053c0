"""When each erasure command was heard: nothing that had come by then is folded again.

A command may name an earlier time, at which the person asked, and erases every fragment of the person; only one
fragment has it in its history. Which others it erased is in the running system's states.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from events.harmonised import open_harmonised
from events.refusal import Refusal
from sinks.lake.schema import EVENT
from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.history.refold.contact_rows import TopicRow

CommandTimes: TypeAlias = Mapping[tuple[str, str], int]
"""When the broker got the first copy of a command (ms since 1970), by its source and id."""

_TYPE = "contact.erased"


def earliest_of(*parts: CommandTimes) -> dict[tuple[str, str], int]:
    """All commands, each with its earliest time."""
    found: dict[tuple[str, str], int] = {}
    for part in parts:
        for name, came in part.items():
            found[name] = min(came, found.get(name, came))
    return found


def command_times_in(batch: pa.RecordBatch) -> dict[tuple[str, str], int]:
    """The erasure commands among rows of the topic in `NEEDED_SCHEMA`."""
    rows = batch.filter(pc.match_substring(batch[EVENT], _TYPE))
    found: dict[tuple[str, str], int] = {}
    for event, came in zip(rows[EVENT].to_pylist(), rows["appended_at"].cast(pa.int64()).to_pylist(), strict=True):
        if (command := _command_of(event)) is not None:
            found = earliest_of(found, {command: came})
    return found


def to_file_rows(heard: CommandTimes) -> list[tuple[str, str, int]]:
    """Command times as lists for the file of positions."""
    return [(source, id_, came) for (source, id_), came in sorted(heard.items())]


def from_file_rows(heard: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    """Command times from the file of positions."""
    return {(source, id_): came for source, id_, came in heard}


def rows_after_erasure(
    rows: Sequence[TopicRow], known: Iterable[ContactState], heard: CommandTimes
) -> Sequence[TopicRow]:
    """The rows of a fragment that came after its erasure, in order; all where none is known.

    Where the command is among the rows, its position decides, since much may come in one millisecond; else the time at
    which it came.
    """
    erasures = ((each.source, each.id) for state in known if (each := place_of(state).erased) is not None)
    came, command = max(((heard[name], name) for name in erasures if name in heard), default=(None, None))
    if came is None:
        return rows
    for number, row in enumerate(rows):
        if row.appended_at == came and _command_of(row.event) == command:
            return rows[number + 1 :]
    return [row for row in rows if row.appended_at > came]


def _command_of(event: bytes) -> tuple[str, str] | None:
    if _TYPE.encode() not in event or isinstance(opened := open_harmonised(event), Refusal):
        return None
    return (opened.head[1], opened.head[0]) if opened.head[2] == _TYPE else None
