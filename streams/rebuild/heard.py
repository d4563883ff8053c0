"""When each command to erase somebody was heard: of what had come by then nothing is folded again.

A command may say an earlier time, at which somebody asked, and acts under every name of the person; only one fragment
has it in its history. Who else was erased by it the running system says of each fragment.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from events.harmonised import open_harmonised
from events.refusal import Refusal
from sinks.lake.schema import EVENT
from streams.contact import ContactState
from streams.contact.erasing import place_of

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
        opened = open_harmonised(event)
        if not isinstance(opened, Refusal) and opened.head[2] == _TYPE:
            found = together(found, {(opened.head[1], opened.head[0]): came})
    return found


def said(heard: Heard) -> list[tuple[str, str, int]]:
    """For a file."""
    return [(source, id_, came) for (source, id_), came in sorted(heard.items())]


def of_said(heard: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    """From a file."""
    return {(source, id_): came for source, id_, came in heard}


def forgotten_until(known: Iterable[ContactState], heard: Heard) -> int | None:
    """Until when (ms) what was appended is forgotten of a fragment of which this is known; None: it is not."""
    erasures = (place_of(each).erased for each in known)
    times = (heard.get((each.source, each.id)) for each in erasures if each is not None)
    return max((came for came in times if came is not None), default=None)
