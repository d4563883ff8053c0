"""Watches a segment while a run lasts: everybody has been judged by its definition, and that stays the same one.

Somebody who is let go of because the segment is judged anew looks like somebody who has left it.
"""

from typing import NamedTuple

import orjson

from events.segments import keeps_members
from sinks.lookup import Incomplete
from sinks.segment_lookup import SegmentsReader, StoredSegments
from streams.domain.segments.segment_totals import added_up
from streams.platform.errors import Unusable
from streams.platform.identity_key import describe_incomplete


class _Standing(NamedTuple):
    """What must stay the same: the definition, and the edition by which everybody was judged."""

    definition: bytes
    edition: str


class SegmentWatch:
    """Looks at one segment. The first look says what it has to stay."""

    def __init__(self, reader: SegmentsReader, segment: str) -> None:
        self._reader = reader
        self._segment = segment
        self._first: _Standing | None = None

    async def look(self) -> None:
        """Raises `Unusable` where not everybody is judged, or not as at the first look; and SinkUnavailable."""
        found = await self._reader.all(self._segment)
        if isinstance(found, Incomplete):
            raise lacking(found)
        standing = self._standing(found)
        if self._first is None:
            self._first = standing
        elif standing != self._first:
            raise Unusable(f"{self._segment}: was defined anew while this ran; run this again: it goes on where it was")

    def _standing(self, found: StoredSegments) -> _Standing:
        definition = found.definitions.get(self._segment)
        if definition is None:
            raise Unusable(f"{self._segment}: no such segment any more, so nobody would be in it; see its tag there")
        kept = found.kept.get(self._segment, ())
        if not keeps_members(definition) or len(kept) < found.partitions or {*kept} != {"kept"}:
            raise Unusable(f"{self._segment}: its members are not all gathered; ask again in a moment")
        counts = [orjson.loads(count) for count in found.counts.get(self._segment, ())]
        total = added_up(counts, found.partitions)
        if total is None or total.state != "complete":
            raise Unusable(
                f"{self._segment}: filling: not everybody has been judged by its definition yet, and who has not would "
                "lose the tag; ask again once `harmonia segments list` says complete"
            )
        return _Standing(definition, total.edition)


def lacking(found: Incomplete) -> Unusable:
    """What is said where Redis lacks something."""
    return Unusable(
        f"profiles_incomplete: in Redis {describe_incomplete(found)}; is a worker running, and has it caught up? Run "
        "this again then: it goes on where it was"
    )
