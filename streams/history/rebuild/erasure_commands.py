"""When each command to erase somebody was heard: of what had come by then nothing is folded again.

A command may say an earlier time, at which somebody asked, and acts under every name of the person; only one fragment
has it in its history. Who else was erased by it the running system says of each fragment.
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

Heard: TypeAlias = Mapping[tuple[str, str], int]
"""When the broker got the first copy of a command (ms since 1970), by its source and id."""

_TYPE = "contact.erased"


def together(*parts: Heard) -> dict[tuple[str, str], int]:
    """The first of each."""
    found: dict[tuple[str, str], int] = {}
    for part in parts:
        for name, came in part.items():
            found[name] = min(came, found.get(name, came))
    return found


def heard_in(batch: pa.RecordBatch) -> dict[tuple[str, str], int]:
    """The commands among rows of the topic, in `NEEDED_SCHEMA`."""
    rows = batch.filter(pc.match_substring(batch[EVENT], _TYPE))
    found: dict[tuple[str, str], int] = {}
    for event, came in zip(rows[EVENT].to_pylist(), rows["appended_at"].cast(pa.int64()).to_pylist(), strict=True):
        if (command := _command_of(event)) is not None:
            found = together(found, {command: came})
    return found


def said(heard: Heard) -> list[tuple[str, str, int]]:
    """For a file."""
    return [(source, id_, came) for (source, id_), came in sorted(heard.items())]


def of_said(heard: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    """From a file."""
    return {(source, id_): came for source, id_, came in heard}


def of_after(rows: Sequence[TopicRow], known: Iterable[ContactState], heard: Heard) -> Sequence[TopicRow]:
    """Of a fragment's rows, in their order, those of after the erasure of which this is known; all where there is none.

    Where the command is among them, by where it stands: in one millisecond much may come. Else by when it came.
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
