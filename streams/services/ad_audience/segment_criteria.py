"""Reads by what a segment chooses people now: its definition, those that it refers to, and whether all are judged."""

from collections.abc import Mapping
from typing import NamedTuple, cast

import orjson

from events.segments import SegmentDefinitionTable
from sinks.lookup import Incomplete
from sinks.segment_lookup import SegmentsReader
from streams.domain.advertising.criteria import SpecialCondition, criteria_of, special_conditions
from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.compiled_segments import read_definition
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.segment_totals import added_up
from streams.platform.errors import Unusable
from streams.platform.identity_key import describe_incomplete


class SegmentCriteria(NamedTuple):
    """By what people are chosen. `special`: what no ads may be directed by. `edition`: by which all are judged."""

    definitions: list[SegmentDefinitionTable]
    special: list[SpecialCondition]
    edition: str


async def read_criteria(reader: SegmentsReader, segment: str) -> SegmentCriteria:
    """The criteria of a segment that is defined.

    Raises `Unusable` where they cannot be told, or not everybody is judged by them yet; and SinkUnavailable.
    """
    found = await reader.all(segment)
    if isinstance(found, Incomplete):
        raise Unusable(f"segments_incomplete: in Redis {describe_incomplete(found)}; is a worker running?")
    definitions = _read(found.definitions)
    try:
        said = cast(list[SegmentDefinitionTable], criteria_of(segment, definitions))
        special = special_conditions(segment, definitions)
    except KeyError as error:
        raise Unusable(
            f"{segment}: nobody can tell by what it chooses people: {error} is not defined, or cannot be read; "
            "see `harmonia segments list`"
        ) from None
    total = added_up([orjson.loads(count) for count in found.counts.get(segment, ())], found.partitions)
    if total is None or total.state != "complete":
        raise Unusable(
            f"{segment}: filling: not everybody has been judged by its definition yet, so who is in it may be there by "
            "an earlier one; ask again once `harmonia segments list` says complete"
        )
    return SegmentCriteria(said, special, total.edition)


def _read(definitions: Mapping[str, bytes]) -> dict[str, SegmentDefinition]:
    read = {name: read_definition(value) for name, value in definitions.items()}
    return {name: each for name, each in read.items() if not isinstance(each, FileMistakes)}
