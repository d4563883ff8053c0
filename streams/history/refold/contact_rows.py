"""Groups a bucket's rows by contact, in the order in which a worker got them, and reads the facts in them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from events.fields import CONTACT_ID_PATTERN
from events.refusal import Refusal
from sinks.lake.manifests import is_imported
from streams.domain.contact.facts.from_records import Data, read_said
from streams.domain.contact.state import Fact, Key

_is_contact = re.compile(CONTACT_ID_PATTERN).fullmatch


class TopicRow(NamedTuple):
    """A record of `interactions`: its position, when it was appended (ms since 1970), and its value."""

    topic_id: str
    partition: int
    offset: int
    appended_at: int
    event: bytes


class ContactHistory(NamedTuple):
    """All rows of a contact, in the order in which they came."""

    contact_id: str
    rows: list[TopicRow]


class ReadRow(NamedTuple):
    """A row with what was read from it: the fact that is kept, and the event's whole data."""

    row: TopicRow
    fact: Fact
    data: Data


def histories(rows: Iterable[pa.RecordBatch]) -> Iterator[ContactHistory]:
    """The contacts of rows in `NEEDED_SCHEMA`, each row with a fragment and an event.

    A fragment that is no contact id is left out: workers fold nothing of it.
    """
    by_contact: dict[str, list[TopicRow]] = {}
    for batch in rows:
        topics, partitions, offsets, times, fragments, events = (column.to_pylist() for column in _plain(batch))
        standing = map(TopicRow, topics, partitions, offsets, times, events)
        for fragment, row in zip(fragments, standing, strict=True):
            by_contact.setdefault(fragment, []).append(row)
    while by_contact:  # frees what has been handed out
        contact_id, found = by_contact.popitem()
        if _is_contact(contact_id):
            yield ContactHistory(contact_id, _in_order(found))


def read_rows(history: ContactHistory, refused: Counter[str] | None = None) -> Iterator[ReadRow]:
    """Read a contact's rows. Rows that cannot be read are counted in `refused`, by reason.

    An imported row with a copy is counted there as `duplicate`: the copy that was in the topic counts instead, whenever
    it came, since that is what the workers have.
    """
    found = _read(history, refused)
    return _without_copies(list(found), refused) if any(is_imported(row.topic_id) for row in history.rows) else found


def _read(history: ContactHistory, refused: Counter[str] | None) -> Iterator[ReadRow]:
    for row in history.rows:
        read = read_said(row.event, row.appended_at)
        if not isinstance(read, Refusal):
            yield ReadRow(row, *read)
        elif refused is not None:
            refused[read.reason] += 1


def _without_copies(found: list[ReadRow], refused: Counter[str] | None) -> Iterator[ReadRow]:
    known: set[Key] = {read.fact.key for read in found if not is_imported(read.row.topic_id)}
    for read in found:
        if not is_imported(read.row.topic_id):
            yield read
        elif read.fact.key not in known:
            known.add(read.fact.key)
            yield read
        elif refused is not None:
            refused["duplicate"] += 1


def _plain(batch: pa.RecordBatch) -> Iterator[pa.Array]:
    for column in batch.columns:
        yield column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


def _in_order(rows: list[TopicRow]) -> list[TopicRow]:
    imported = [row for row in rows if is_imported(row.topic_id)]
    if not imported:
        return _in_topic_order(rows)
    return _with_imported(_in_topic_order([row for row in rows if not is_imported(row.topic_id)]), imported)


def _in_topic_order(rows: list[TopicRow]) -> list[TopicRow]:
    """By offset. A contact has several partitions if their number grew or the topic was recreated."""
    rows.sort()
    if not rows or rows[0][:2] == rows[-1][:2]:
        return rows
    begun: dict[tuple[str, int], int] = {}
    for row in rows:
        begun.setdefault(row[:2], row.appended_at)
    return sorted(rows, key=lambda row: (begun[row[:2]], row[:3]))


def _with_imported(came: list[TopicRow], imported: list[TopicRow]) -> list[TopicRow]:
    """Insert each imported row before the first streamed row appended later, so that time never runs ahead."""
    imported.sort(key=lambda row: (row.appended_at, row.topic_id, row.offset), reverse=True)
    found: list[TopicRow] = []
    for row in came:
        while imported and imported[-1].appended_at <= row.appended_at:
            found.append(imported.pop())
        found.append(row)
    return [*found, *reversed(imported)]
