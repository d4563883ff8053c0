"""A Redis that the sink of segments has filled, for those who read it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

import orjson

from events.json_types import JSON
from events.segments import SegmentState
from events.times import render_time
from events.topics import CONTACT_SEGMENTS, SEGMENT_COUNTS, SEGMENT_DEFINITIONS
from sinks.base import Completeness, Position
from sinks.keys import partition_of
from sinks.segments import SegmentsChange, SegmentsSink
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.definition_files import read_segment
from streams.domain.segments.resolution import resolve
from tests.contract.contact_sink import TOPIC

PARTITIONS = 4
SINCE = 1_764_354_711_250
TOPICS = (CONTACT_SEGMENTS, SEGMENT_COUNTS, SEGMENT_DEFINITIONS)


def edition(conditions: JSON) -> str:
    """By which a segment is judged that is defined by `all` of these."""
    found = read_segment({"id": "s", "owner": "field", "all": conditions})
    assert not isinstance(found, FileMistakes), found
    return resolve([found], channel_rules(default_policy())).segments["s"].edition


VOLUNTEERS: JSON = [{"tag": "volunteer"}]
EDITION = edition(VOLUNTEERS)


def definition(segment: str, *, members: bool = True, conditions: JSON = VOLUNTEERS) -> SegmentsChange:
    table: dict[str, object] = {"id": segment, "owner": "field", "all": conditions}
    if members:  # which a producer may leave out, as a file of definitions may
        table["members"] = True
    return SegmentsChange(segment, orjson.dumps(table), members)


def memberships(contact: str, segments: Collection[str], since: int = SINCE) -> SegmentsChange:
    held = {name: {"since": render_time(since), "edition": EDITION} for name in segments}
    value = {"version": 7, "as_of": render_time(SINCE), "segments": held}
    return SegmentsChange(contact, orjson.dumps(value))


def count(
    segment: str, members: int, state: SegmentState = "complete", conditions: JSON = VOLUNTEERS, left: int = 0
) -> SegmentsChange:
    moved = {"members": members, "entered": members + left, "left": left}
    counted = {"edition": edition(conditions), "state": state, **moved}
    return SegmentsChange(segment, orjson.dumps({**counted, "as_of": render_time(SINCE)}))


async def fill_segments(  # noqa: PLR0913 (each is told apart by its name)
    sink: SegmentsSink,
    people: Mapping[str, Sequence[str]],
    *,
    without_list: Collection[str] = (),
    state: SegmentState = "complete",
    conditions: JSON = VOLUNTEERS,
    age_ms: int = 0,
    left: int = 0,
) -> None:
    """All that topics say of these segments, with their members, each a millisecond later than the one before.

    `conditions`: by which all of them choose, and are judged. `left`: how many went from each, of the first partition.
    """
    held: dict[str, list[str]] = defaultdict(list)
    for segment, contacts in people.items():
        for contact in contacts:
            held[contact].append(segment)
    for partition in range(PARTITIONS):
        mine = {who: names for who, names in held.items() if partition_of(who, PARTITIONS) == partition}
        counted = Counter(name for names in mine.values() for name in names)
        said = {
            CONTACT_SEGMENTS: [memberships(who, mine[who], SINCE + at) for at, who in enumerate(held) if who in mine],
            SEGMENT_COUNTS: [
                count(segment, counted[segment], state, conditions, 0 if partition else left) for segment in people
            ],
            SEGMENT_DEFINITIONS: [
                definition(name, members=name not in without_list, conditions=conditions) for name in people
            ],
        }
        for topic, changes in said.items():
            view = sink.reading(topic)
            assert await view.write(partition, changes, None, Position(TOPIC, 1))
            assert await view.whole(partition, Position(TOPIC, 1), Completeness(age_ms, PARTITIONS))
