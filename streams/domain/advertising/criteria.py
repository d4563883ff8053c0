"""By what a segment chooses people, and whether ads may be directed by it.

What tells somebody's political opinion, or what somebody supposes of it, is special-category data (Article 9 GDPR): no
audience for ads is chosen by it, not even by leaving out whom it describes.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from streams.domain.segments.conditions import Condition, SegmentDefinition
from streams.domain.segments.definition_files import definition_table
from streams.domain.segments.resolution import definitions_behind, leaves


class SpecialCondition(NamedTuple):
    """A condition on special-category data, and the segment in whose definition it stands."""

    segment: str
    condition: Condition

    @property
    def said(self) -> str:
        """The condition as its author wrote it."""
        table = self.condition.table()
        return f"{self.condition.head} = {table[self.condition.head]!r}"


def special_conditions(segment: str, definitions: Mapping[str, SegmentDefinition]) -> list[SpecialCondition]:
    """The conditions of a segment, and of those that it refers to, by which nobody may be chosen for ads."""
    return [
        SpecialCondition(definition.id, leaf)
        for definition in definitions_behind(segment, definitions)
        for leaf in leaves(definition.conditions)
        if leaf.is_special
    ]


def criteria_of(segment: str, definitions: Mapping[str, SegmentDefinition]) -> list[dict[str, Any]]:
    """The definition of a segment as JSON values, followed by those that it refers to."""
    return [definition_table(definition) for definition in definitions_behind(segment, definitions)]
