"""Reads by what a segment chooses people now: its definition, those that it refers to, and whether all are judged."""

from typing import NamedTuple, cast

from events.segments import SegmentDefinitionTable
from sinks.segment_lookup import SegmentsReader
from streams.domain.advertising.criteria import SpecialCondition, criteria_of, special_conditions
from streams.domain.pressure.closures import ChannelRules
from streams.platform.errors import Unusable
from streams.services.segment_meaning import settled_meaning


class SegmentCriteria(NamedTuple):
    """By what people are chosen. `special`: what no ads may be directed by. `edition`: by which all are judged."""

    definitions: list[SegmentDefinitionTable]
    special: list[SpecialCondition]
    edition: str


async def read_criteria(reader: SegmentsReader, segment: str, rules: ChannelRules) -> SegmentCriteria:
    """The criteria of a segment that is defined, under the policy that workers have.

    Raises `Unusable` where they cannot be told, or not everybody is judged by them yet; and SinkUnavailable.
    """
    meaning = await settled_meaning(reader, segment, rules)
    if meaning.edition is None or not meaning.is_complete:
        raise Unusable(
            f"{segment}: filling: not everybody has been judged by its definition yet, so who is in it may be there by "
            f"an earlier one; {meaning.cure}"
        )
    said = cast(list[SegmentDefinitionTable], criteria_of(segment, meaning.definitions))
    return SegmentCriteria(said, special_conditions(segment, meaning.definitions), meaning.edition)
