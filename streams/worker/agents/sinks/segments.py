"""The agent of segments: gives Redis in which segments each contact is, what is defined, and how many are in each.

It reads `contact-segments` first: lists of members are made of what that has said. Definitions come in no chunks, since
those are the fold's: while it watches over its positions it sees that some are new, and reads on by itself.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from events.fields import MAX_ID
from events.segments import ContactSegments, SegmentCount
from events.topics import CONTACT_SEGMENTS, SEGMENT_COUNTS, SEGMENT_DEFINITIONS
from sinks.segments import SegmentsChange
from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.compiled_segments import read_definition
from streams.engine.runs import KafkaRecord
from streams.worker.agents.sinks.sink_connector import RecordReaders, SinkConnector

_read_segments = msgspec.json.Decoder(ContactSegments).decode
_read_count = msgspec.json.Decoder(SegmentCount).decode

Value = TypeVar("Value")


class SegmentsConnector(SinkConnector[SegmentsChange]):
    """Feeds Redis from the topics of segments."""

    name = "segments"

    def readers(self) -> RecordReaders[SegmentsChange]:
        """See `SinkConnector`."""
        return {CONTACT_SEGMENTS: memberships_of, SEGMENT_COUNTS: count_of, SEGMENT_DEFINITIONS: definition_of}


def memberships_of(record: KafkaRecord) -> SegmentsChange | None:
    """The change that a record of `contact-segments` makes; None for one that is not of Harmonia's making."""
    return _change_of(record, _read_segments)


def count_of(record: KafkaRecord) -> SegmentsChange | None:
    """The change that a record of `segment-counts` makes; None for one that is not of Harmonia's making."""
    return _change_of(record, _read_count)


def definition_of(record: KafkaRecord) -> SegmentsChange | None:
    """The change that a record of `segment-definitions` makes.

    One that cannot be read takes away the one before, as it does for those who judge by it; None: it names nothing.
    """
    change = _change_of(record, lambda value: value)
    if change is None or not change.value:
        return change
    try:
        read = read_definition(change.value)
    except RecursionError:
        return SegmentsChange(change.key)
    if isinstance(read, FileMistakes) or read.id != change.key:
        return SegmentsChange(change.key)
    return SegmentsChange(change.key, change.value, read.members)


def _change_of(record: KafkaRecord, read: Callable[[bytes], Value]) -> SegmentsChange | None:
    try:
        key = (record.key or b"").decode()
        if record.value is not None:
            read(record.value)
    except (ValueError, RecursionError):  # no UTF-8, or no JSON of that shape
        return None
    return SegmentsChange(key, record.value or b"") if 0 < len(key) <= MAX_ID else None
