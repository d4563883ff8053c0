"""Definitions as they are kept, made ready to judge people by: resolved, with a plan for all of them."""

from collections.abc import Mapping

import orjson
from msgspec import Struct

from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import read_segment
from streams.domain.segments.matching_plan import MatchingPlan
from streams.domain.segments.resolution import Segment, resolve


class CompiledSegments(Struct, frozen=True):
    """Segments that people can be judged by. `segments`: by id; those that cannot be resolved are left out."""

    segments: Mapping[str, Segment]
    plan: MatchingPlan


def compiled_segments(definitions: Mapping[str, bytes], rules: ChannelRules) -> CompiledSegments:
    """Make stored definitions ready, by id."""
    read = (read_definition(value) for value in definitions.values())
    resolved = resolve([each for each in read if not isinstance(each, FileMistakes)], rules)
    return CompiledSegments(resolved.segments, MatchingPlan(resolved.segments, rules))


def read_definition(value: bytes) -> SegmentDefinition | FileMistakes:
    """The definition in a record of `segment-definitions`."""
    try:
        table = orjson.loads(value)
    except orjson.JSONDecodeError:
        table = None
    return read_segment(table)
