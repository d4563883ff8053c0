"""Builds the records that tell of segments: who is in which, who came and went, and how many there are."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec
import orjson
from msgspec import Struct

from events.json_types import UNREADABLE
from events.segments import ChangeCause, SegmentChange, SegmentCount
from events.times import render_time
from events.topics import CONTACT_SEGMENTS, SEGMENT_CHANGES, SEGMENT_COUNTS, SEGMENT_WORK
from streams.domain.segments.memberships import PersonMemberships
from streams.engine.runs import Records
from streams.engine.writer import Output
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.segments.tallies import Tally

SWEEP, DUE, TICK, RECOUNT = b"sweep", b"due", b"tick", b"recount"
"""Keys of `segment-work`. A recount is asked for by a restore of the version before: now the table says it itself."""

_encode = msgspec.msgpack.Encoder().encode


class Tick(Struct, frozen=True, array_like=True):
    """A record of `segment-work` by which time goes on in a partition.

    Whatever was appended to `interactions` up to the moment `at` (ms, by the broker's clock) lies before the offset
    `end`. Of one that knows no moment yet both are 0.
    """

    end: int = 0
    at: int = 0


_decode = msgspec.msgpack.Decoder(Tick).decode


class Moment(NamedTuple):
    """When somebody was judged (ms), and the counters of the contact's profile and of what is told of segments."""

    at: int
    profile: int
    version: int = 0


def membership_head(segment: str, edition: str) -> bytes:
    """How a membership begins in `contact-segments`, up to since when it is."""
    return b'"%b":{"edition":"%b","since":' % (segment.encode(), edition.encode())


def segments_record(
    builder: RecordBuilder, contact: bytes, heads: Mapping[int, bytes], row: PersonMemberships, moment: Moment
) -> Output:
    """The record of `contact-segments`. `heads`: `membership_head` of each number.

    Put together of what many people share: somebody is in dozens of segments, and one change writes all of them.
    """
    version = builder.number(moment.version)
    ends = {ago: _end(row.latest - ago) for ago in {*row.before.values()}}
    held = b",".join([heads[number] + ends[ago] for number, ago in row.before.items()])
    value = b'{"version":%d,"as_of":"%b","segments":{%b}}' % (version, render_time(moment.at).encode(), held)
    return Output(CONTACT_SEGMENTS, builder.partition, contact, value, [("version", b"%d" % version)])


def gone_record(builder: RecordBuilder, contact: bytes, moment: Moment) -> Output:
    """The null of `contact-segments`: nobody is shown under this id any more."""
    version = b"%d" % builder.number(moment.version)
    return Output(CONTACT_SEGMENTS, builder.partition, contact, None, [("version", version)])


@lru_cache(maxsize=4_096)
def _end(at: int) -> bytes:
    """The end of a membership that began then."""
    return b'"%b"}' % render_time(at).encode()


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


def tick_record(partition: int, tick: Tick) -> Output:
    """The record of `segment-work` by which time goes on."""
    return Output(SEGMENT_WORK, partition, TICK, _encode(tick))


def read_tick(value: bytes | None) -> Tick | None:
    """The tick in a record; None where there is none that can be read."""
    try:
        return None if value is None else _decode(value)
    except UNREADABLE:
        return None


def last_tick_end(records: Records) -> int:
    """The largest end that ticks among these records name."""
    ticks = (read_tick(record.value) for record in records if record.key == TICK)
    return max((tick.end for tick in ticks if tick is not None), default=0)


def work_record(partition: int, key: bytes, value: bytes | None = b"") -> Output:
    """A record of `segment-work` that has the partition do its next step; None: there is none any more."""
    return Output(SEGMENT_WORK, partition, key, value)
