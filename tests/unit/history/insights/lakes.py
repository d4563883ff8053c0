"""Small lakes written by the lake's own writer, and the tail of the topic behind them."""

from collections.abc import Sequence

from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.rows import LogRecord
from sinks.lake.writer import LakeWriter
from streams.history.insights.history_source import NO_FILES, History, tail_table
from tests.unit.history.lake.topic_records import TOPIC_ID


def history_of(files: Files, filed: Sequence[LogRecord], tail: Sequence[LogRecord] = ()) -> History:
    """What is `filed` in the lake, in two ranges, and what is not yet."""
    writer = LakeWriter(files, TOPIC_ID)
    half = len(filed) // 2
    for records in (filed[:half], filed[half:]):
        if records:
            writer.write(0, records[0].offset, records[-1].offset, records)
    return History(files, find_live_files(files), tail_table(tail, TOPIC_ID))


def only_tail(tail: Sequence[LogRecord]) -> History:
    """Without any lake."""
    return History(None, NO_FILES, tail_table(tail, TOPIC_ID))
