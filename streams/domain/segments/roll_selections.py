"""By what people may be chosen who are known by an electoral roll alone: what the roll tells of them, and nothing else.

Whether a channel is open is asked of anybody: that chooses nobody, it only lets somebody be.
"""

from collections.abc import Collection, Mapping

from events.outputs import ContactProfile
from events.provenance_kinds import FORGOTTEN
from streams.domain.segments.conditions import ChannelState, Reference, RollWord, SegmentDefinition
from streams.domain.segments.person import ROLL
from streams.domain.segments.resolution import definitions_behind, leaves

FILLING = "what an earlier definition asked"
"""By what members may have been chosen while not everybody has been judged by a new definition."""

KNOWN_BY_ROLL = "known_by_roll_alone"
"""Why somebody is left out of an export."""

UNKNOWN = "unknown_contact"
"""Why somebody is left out of whom nothing is known yet: by the time others are judged it may be the roll alone."""

_ALLOWED = (RollWord, ChannelState, Reference)


def beyond_the_roll(segment: str, definitions: Mapping[str, SegmentDefinition]) -> list[str]:
    """The heads of conditions of a segment, and of those behind it, by which nobody of a roll alone may be chosen."""
    behind = definitions_behind(segment, definitions)
    found = {leaf.head for each in behind for leaf in leaves(each.conditions) if not isinstance(leaf, _ALLOWED)}
    return sorted(found)


def is_known_by_roll_alone(profile: ContactProfile, refused: Collection[str]) -> bool:
    """Whether only electoral rolls have named a person, who has done nothing of their own.

    `refused`: kinds of source of which nothing is taken but what protects, so they make nobody known, as little as what
    is left of a source that was forgotten. Of whom nobody says where they come from it is not known.
    """
    kinds = {item["kind"] for item in profile.get("provenance", ())} - ({*refused, FORGOTTEN} - {ROLL})
    return kinds == {ROLL} and "last_active_at" not in profile
