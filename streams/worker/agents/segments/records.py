"""Builds the records that tell of segments: who is in which, who came and went, and how many there are."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import orjson

from events.segments import ChangeCause, ContactSegments, SegmentChange, SegmentCount
from events.times import render_time
from events.topics import CONTACT_SEGMENTS, SEGMENT_CHANGES, SEGMENT_COUNTS, SEGMENT_WORK
from streams.engine.writer import Output
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.segments.registry import Tally

SWEEP, DUE, TICK, RECOUNT = b"sweep", b"due", b"tick", b"recount"
"""Keys of `segment-work`."""


class Moment(NamedTuple):
    """When somebody was judged (ms), and the counters of the contact's profile and of what is told of segments."""

    at: int
    profile: int
    version: int = 0


def segments_record(
    builder: RecordBuilder, contact_id: str, since: Mapping[str, tuple[int, str]] | None, moment: Moment
) -> Output:
    """The record of `contact-segments`; `since`: by segment since when, and by which edition; None: a null."""
    version = builder.number(moment.version)
    value = None
    if since is not None:
        held = {name: {"since": render_time(at), "edition": edition} for name, (at, edition) in sorted(since.items())}
        said = ContactSegments(version=version, as_of=render_time(moment.at), segments=held)  # type: ignore[typeddict-item]
        value = orjson.dumps(said)
    return Output(CONTACT_SEGMENTS, builder.partition, contact_id.encode(), value, [("version", b"%d" % version)])


def change_record(
    builder: RecordBuilder,
    contact_id: str,
    cause: ChangeCause,
    change: tuple[Collection[str], Collection[str]],
    moment: Moment,
) -> Output:
    """The record of `segment-changes`; `change`: the segments that the person entered, and those left."""
    entered, left = change
    said = SegmentChange(
        contact_id=contact_id,
        version=builder.number(moment.version),
        at=render_time(moment.at),
        cause=cause,
        entered=sorted(entered),
        left=sorted(left),
        profile_version=builder.number(moment.profile) if moment.profile else 0,
    )
    return Output(SEGMENT_CHANGES, builder.partition, contact_id.encode(), orjson.dumps(said))


def count_record(builder: RecordBuilder, segment: str, tally: Tally | None, at: int) -> Output:
    """The record of `segment-counts`; None: a null, of a segment that is counted no more."""
    value = None
    if tally is not None:
        said = SegmentCount(
            edition=tally.edition,
            state=tally.state,
            members=tally.members,
            entered=tally.entered,
            left=tally.left,
            as_of=render_time(at),
        )
        value = orjson.dumps(said)
    return Output(SEGMENT_COUNTS, builder.partition, segment.encode(), value)


def work_record(partition: int, key: bytes, value: bytes = b"") -> Output:
    """A record of `segment-work` that has the partition do its next step."""
    return Output(SEGMENT_WORK, partition, key, value)
