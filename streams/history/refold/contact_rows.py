"""The contacts of a bucket, each with its rows in the order in which a worker was given them."""

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


class Row(NamedTuple):
    """A record of `interactions`: where it stood, when it was appended (ms since 1970), and its value."""

    topic_id: str
    partition: int
    offset: int
    appended_at: int
    event: bytes


class History(NamedTuple):
    """All that was heard of a contact, in the order in which it came."""

    contact_id: str
    rows: list[Row]


class Read(NamedTuple):
    """A row and what it says: the fact that is kept, and all of what was said."""

    row: Row
    fact: Fact
    data: Data


def histories(rows: Iterable[pa.RecordBatch]) -> Iterator[History]:
    """The contacts of these rows, which are in `NEEDED_SCHEMA` and have a fragment and an event each.

    Of a fragment that is no contact's id nothing was folded, so it is none here.
    """
    by_contact: dict[str, list[Row]] = {}
    for batch in rows:
        topics, partitions, offsets, times, fragments, events = (column.to_pylist() for column in _plain(batch))
        standing = map(Row, topics, partitions, offsets, times, events)
        for fragment, row in zip(fragments, standing, strict=True):
            by_contact.setdefault(fragment, []).append(row)
    while by_contact:  # what has been handed out need not stay
        contact_id, found = by_contact.popitem()
        if _is_contact(contact_id):
            yield History(contact_id, _in_order(found))


def read_rows(history: History, refused: Counter[str] | None = None) -> Iterator[Read]:
    """What the rows of a contact say. Those that say nothing that can be read are counted in `refused`.

    So is, as `duplicate`, what was brought in from a file and has a copy: one that stood in the topic counts instead,
    whenever it came, since that is what the workers have.
    """
    found = _read(history, refused)
    return _once(list(found), refused) if any(is_imported(row.topic_id) for row in history.rows) else found


def _read(history: History, refused: Counter[str] | None) -> Iterator[Read]:
    for row in history.rows:
        read = read_said(row.event, row.appended_at)
        if not isinstance(read, Refusal):
            yield Read(row, *read)
        elif refused is not None:
            refused[read.reason] += 1


def _once(found: list[Read], refused: Counter[str] | None) -> Iterator[Read]:
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


def _in_order(rows: list[Row]) -> list[Row]:
    imported = [row for row in rows if is_imported(row.topic_id)]
    if not imported:
        return _as_they_came(rows)
    return _at_their_time(_as_they_came([row for row in rows if not is_imported(row.topic_id)]), imported)


def _as_they_came(rows: list[Row]) -> list[Row]:
    """By offset. A contact has more than one partition if their number grew, or the topic was made anew."""
    rows.sort()
    if not rows or rows[0][:2] == rows[-1][:2]:
        return rows
    begun: dict[tuple[str, int], int] = {}
    for row in rows:
        begun.setdefault(row[:2], row.appended_at)
    return sorted(rows, key=lambda row: (begun[row[:2]], row[:3]))


def _at_their_time(came: list[Row], imported: list[Row]) -> list[Row]:
    """Each of the imported rows before the first of the others that was appended later: so no clock runs ahead."""
    imported.sort(key=lambda row: (row.appended_at, row.topic_id, row.offset), reverse=True)
    found: list[Row] = []
    for row in came:
        while imported and imported[-1].appended_at <= row.appended_at:
            found.append(imported.pop())
        found.append(row)
    return [*found, *reversed(imported)]
