"""What is known of fragments before their histories, as rows that stand before theirs: so both are sorted together."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

import pyarrow as pa

from streams.domain.contact import ContactState, decode
from streams.engine.runs import Records
from streams.history.refold.contact_rows import ContactHistory, TopicRow
from streams.history.refold.lake_source import NEEDED_SCHEMA
from streams.operations.backup.record_files import Record

_NO_TOPIC = ""


class Kind(IntEnum):
    """What such a row holds: a state that was made anew before, or the running system's."""

    REBUILT = 0
    KNOWN = 1


class Parted(NamedTuple):
    """What stood before a history, and the history."""

    rebuilt: ContactState | None
    known: list[ContactState]
    history: ContactHistory


def rows_of_states(kind: Kind, records: Iterable[Record]) -> pa.RecordBatch:
    """Records of a backup's contacts, whose keys are fragments, as rows."""
    found = list(records)
    columns: list[list[object]] = [
        [_NO_TOPIC] * len(found),
        [int(kind)] * len(found),
        [0] * len(found),
        [0] * len(found),
        [(record.key or b"").decode() for record in found],
        [record.value for record in found],
    ]
    return _batch(columns)


def rows_of_records(topic_id: str, records: Records) -> pa.RecordBatch:
    """Records of `interactions` as rows; of a key that is no text, as of nobody."""
    columns: list[list[object]] = [
        [topic_id] * len(records),
        [record.partition for record in records],
        [record.offset for record in records],
        [record.timestamp for record in records],
        [_text(record.key) for record in records],
        [record.value for record in records],
    ]
    return _batch(columns)


def parted(history: ContactHistory) -> Parted:
    """The rows of states apart from those of interactions."""
    states = {Kind(row.partition): decode(row.event) for row in _before(history)}
    rest = [row for row in history.rows if row.topic_id != _NO_TOPIC]
    known = [states[Kind.KNOWN]] if Kind.KNOWN in states else []
    return Parted(states.get(Kind.REBUILT), known, ContactHistory(history.contact_id, rest))


def _before(history: ContactHistory) -> Iterator[TopicRow]:
    return (row for row in history.rows if row.topic_id == _NO_TOPIC)


def _batch(columns: list[list[object]]) -> pa.RecordBatch:
    arrays = [pa.array(column, kind) for column, kind in zip(columns, NEEDED_SCHEMA.types, strict=True)]
    return pa.record_batch(arrays, schema=NEEDED_SCHEMA)


def _text(key: bytes | None) -> str | None:
    try:
        return None if key is None else key.decode()
    except UnicodeDecodeError:
        return None
