"""Reads from Redis by what a segment chooses people now: all definitions behind it, and whether everybody is judged."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import orjson

from sinks.lookup import Incomplete
from sinks.segment_lookup import SegmentsReader, StoredSegments
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.compiled_segments import read_definition
from streams.domain.segments.conditions import ChannelState, SegmentDefinition
from streams.domain.segments.resolution import definitions_behind, leaves, resolve
from streams.domain.segments.segment_totals import added_up
from streams.platform.errors import Unusable
from streams.platform.identity_key import describe_incomplete

_AGAIN_S = 0.25


class SegmentMeaning(NamedTuple):
    """By what people are chosen: a segment and those that it refers to, by id.

    `edition`: by which partitions judged last; None: by none yet. `is_complete`: by which all of them judge, and it is
    that of the definition. `seen_at`, `as_of`: when Redis was asked, and as of when it had everything, by its clock
    (ms).
    """

    definitions: Mapping[str, SegmentDefinition]
    edition: str | None
    is_complete: bool
    seen_at: int
    as_of: int

    @property
    def cure(self) -> str:
        """What to do while it is not complete."""
        cure = "ask again once `harmonia segments list` says complete"
        asked = (leaf for each in self.definitions.values() for leaf in leaves(each.conditions))
        if not any(isinstance(leaf, ChannelState) for leaf in asked):
            return cure
        return f"{cure}; it asks for a channel, so HARMONIA_POLICY and HARMONIA_REGIME have to be the workers' here too"


async def read_meaning(reader: SegmentsReader, segment: str, rules: ChannelRules) -> SegmentMeaning:
    """The meaning of a segment that is defined, under the policy that workers have.

    Raises `Unusable` where it cannot be told, and SinkUnavailable.
    """
    found = await reader.all(segment)
    if isinstance(found, Incomplete):
        raise Unusable(f"segments_incomplete: in Redis {describe_incomplete(found)}; is a worker running?")
    return meaning_of(found, segment, rules)


async def settled_meaning(reader: SegmentsReader, segment: str, rules: ChannelRules) -> SegmentMeaning:
    """As `read_meaning`; where all are judged, once Redis has what was told of them until then.

    Counts and memberships are followed apart, so who was let in or out last may come later than `complete`. It takes a
    few seconds: as long as Redis counts as whole at most. Counts are read after the clock of Redis, so what they tell
    of was told by the time of the next look, which is the one that counts.
    """
    found = await read_meaning(reader, segment, rules)
    since: int | None = None
    while found.is_complete and (since is None or found.as_of < since):
        edition = found.edition
        if since is not None:
            await asyncio.sleep(_AGAIN_S)
        found = await read_meaning(reader, segment, rules)
        if found.edition != edition:
            since = None
        elif since is None:
            since = found.seen_at
    return found


def meaning_of(found: StoredSegments, segment: str, rules: ChannelRules) -> SegmentMeaning:
    """The meaning of a segment by what Redis has. Raises `Unusable` where it cannot be told."""
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
    defined = resolve(known.values(), rules).segments.get(segment)
    is_complete = (
        total is not None and total.state == "complete" and defined is not None and total.edition == defined.edition
    )
    return SegmentMeaning(behind, None if total is None else total.edition, is_complete, found.seen_at, found.as_of)
