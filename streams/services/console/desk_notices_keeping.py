"""Keeps what topics say of dead letters, of holds and of how many are in a segment: rows that name nobody.

Each function takes one record, in a transaction of the caller's; False: it cannot be read. One that comes again changes
nothing.
"""

from streams.services.console.desk import Desk
from streams.services.console.desk_batches import TopicRecord
from streams.services.console.desk_profiles import read_hold_row, read_letter_row
from streams.services.console.desk_schema import QUARTER_MS
from streams.services.console.desk_segments import members_said

_CAUSE = """INSERT INTO causes (reason, detail, stage, topic, source, type) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""
_LETTER = """INSERT INTO letters SELECT ?1, cause, ?2, 0 FROM causes
    WHERE (reason, detail, stage, topic, source, type) = (?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT DO UPDATE SET cause = excluded.cause, at = min(at, excluded.at)"""
_REQUEUED = """INSERT INTO letters VALUES (?, 0, ?, ?) ON CONFLICT DO UPDATE SET requeued = excluded.requeued"""
_MEMBERS = """INSERT INTO members VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET members = excluded.members"""


def keep_letter(desk: Desk, record: TopicRecord) -> bool:
    """A record that was refused, by its cause."""
    row = read_letter_row(record.topic, record.partition, record.offset, (record.value, record.headers))
    if row is None:
        return False
    desk.run(_CAUSE, row.cause)
    desk.run(_LETTER, (row.name, row.at, *row.cause))
    return True


def keep_requeued(desk: Desk, record: TopicRecord) -> bool:
    """Whether a dead letter was sent anew."""
    if record.key is None:
        return False
    desk.run(_REQUEUED, (text_of(record.key), record.appended, int(record.value is not None)))
    return True


def keep_hold(desk: Desk, record: TopicRecord) -> bool:
    """Who has ordered the hold of a campaign, and until when; that it is lifted is what Redis says."""
    row = None if record.value is None or record.key is None else read_hold_row(record.value)
    if row is not None and record.key is not None:
        values = (text_of(record.key), row.at, row.until, row.by)
        desk.run("INSERT INTO holds VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", values)
    return True


def keep_members(desk: Desk, record: TopicRecord) -> bool:
    """How many of a partition are in a segment, by the quarter of an hour."""
    if record.key is not None:
        count = 0 if record.value is None else members_said(record.value)
        if count is None:
            return False
        slot = record.appended // QUARTER_MS * QUARTER_MS
        desk.run(_MEMBERS, (text_of(record.key), record.partition, slot, count))
    return True


def text_of(key: bytes) -> str:
    """The text of a record's key."""
    return key.decode(errors="replace")
