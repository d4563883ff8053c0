"""Watches a segment while a run lasts: everybody has been judged by its definition, and that stays the same one.

Somebody who is let go of because the segment is judged anew looks like somebody who has left it.
"""

from collections.abc import Callable
from typing import NamedTuple

from events.segments import keeps_members
from sinks.lookup import Incomplete
from sinks.segment_lookup import SegmentsReader, StoredSegments
from streams.domain.pressure.closures import ChannelRules
from streams.platform.errors import Unusable
from streams.platform.identity_key import describe_incomplete
from streams.services.segment_meaning import meaning_of


class _Standing(NamedTuple):
    """What must stay the same: the definition, and the edition by which everybody was judged."""

    definition: bytes
    edition: str


class SegmentWatch:
    """Looks at one segment. The first look says what it has to stay. `rules`: those of the workers' policy now."""

    def __init__(self, reader: SegmentsReader, segment: str, rules: Callable[[], ChannelRules]) -> None:
        self._reader = reader
        self._segment = segment
        self._rules = rules
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
            raise self._was_defined_anew()

    def _standing(self, found: StoredSegments) -> _Standing:
        definition = found.definitions.get(self._segment)
        if definition is None:
            raise Unusable(f"{self._segment}: no such segment any more, so nobody would be in it; see its tag there")
        kept = found.kept.get(self._segment, ())
        if not keeps_members(definition) or len(kept) < found.partitions or {*kept} != {"kept"}:
            raise Unusable(f"{self._segment}: its members are not all gathered; ask again in a moment")
        if self._first is not None and definition != self._first.definition:
            raise self._was_defined_anew()
        meaning = meaning_of(found, self._segment, self._rules())
        if meaning.edition is None or not meaning.is_complete:
            raise Unusable(
                f"{self._segment}: filling: not everybody has been judged by its definition yet, and who has not would "
                f"lose the tag; {meaning.cure}"
            )
        return _Standing(definition, meaning.edition)

    def _was_defined_anew(self) -> Unusable:
        return Unusable(f"{self._segment}: was defined anew while this ran; run this again: it goes on where it was")


def lacking(found: Incomplete) -> Unusable:
    """What is said where Redis lacks something."""
    return Unusable(
        f"profiles_incomplete: in Redis {describe_incomplete(found)}; is a worker running, and has it caught up? Run "
        "this again then: it goes on where it was"
    )
