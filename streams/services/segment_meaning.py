"""Reads from Redis by what a segment chooses people now: all definitions behind it, and whether everybody is judged."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from sinks.lookup import Incomplete
from sinks.segment_lookup import SegmentsReader
from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.compiled_segments import read_definition
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.resolution import definitions_behind
from streams.domain.segments.segment_totals import added_up
from streams.platform.errors import Unusable
from streams.platform.identity_key import describe_incomplete


class SegmentMeaning(NamedTuple):
    """By what people are chosen: a segment and those that it refers to, by id.

    `edition`: by which partitions judged last; None: by none yet. `is_complete`: by which all of them judge.
    """

    definitions: Mapping[str, SegmentDefinition]
    edition: str | None
    is_complete: bool


async def read_meaning(reader: SegmentsReader, segment: str) -> SegmentMeaning:
    """The meaning of a segment that is defined.

    Raises `Unusable` where it cannot be told, and SinkUnavailable.
    """
    found = await reader.all(segment)
    if isinstance(found, Incomplete):
        raise Unusable(f"segments_incomplete: in Redis {describe_incomplete(found)}; is a worker running?")
    read = {name: read_definition(value) for name, value in found.definitions.items()}
    known = {name: each for name, each in read.items() if not isinstance(each, FileMistakes)}
    try:
        behind = {each.id: each for each in definitions_behind(segment, known)}
    except KeyError as error:
        raise Unusable(
            f"{segment}: nobody can tell by what it chooses people: {error} is not defined, or cannot be read; "
            "see `harmonia segments list`"
        ) from None
    total = added_up([orjson.loads(count) for count in found.counts.get(segment, ())], found.partitions)
    return SegmentMeaning(
        behind, None if total is None else total.edition, total is not None and total.state == "complete"
    )
