"""By which conditions somebody may ask how many people there are: those whose facts they may see of one person. Pure.

Numbers tell of one person in the end: two definitions that differ by one condition let in numbers that differ by who
meets it. So who may not see what people give asks for no gifts, and who sees no people for no support, tag or ballot;
nor does a reference to a segment that asks for these.
"""

from collections.abc import Iterator, Mapping, Sequence

from streams.domain.file_mistakes import FileMistake
from streams.domain.messages import message
from streams.domain.segments.conditions import (
    BallotStatusOf,
    Condition,
    Gifts,
    Group,
    Node,
    Reference,
    SegmentDefinition,
    Support,
    Tag,
)
from streams.domain.segments.resolution import definitions_behind, leaves
from streams.services.console.rights import SEES_MONEY, Viewer, may

OF_PEOPLE = frozenset({Support.head, Tag.head, BallotStatusOf.head})
"""Conditions for roles that see people."""


def kept_from(viewer: Viewer) -> frozenset[str]:
    """The heads of conditions by which somebody may not ask."""
    gifts = frozenset({Gifts.head}) if viewer.roles.isdisjoint(SEES_MONEY) else frozenset()
    return gifts if may(viewer, "see_people") else gifts | OF_PEOPLE


def asking_mistakes(
    asked: Sequence[SegmentDefinition], there: Mapping[str, SegmentDefinition], viewer: Viewer
) -> list[FileMistake]:
    """Where definitions ask for what somebody may not see. `there`: what is defined, that may be referred to."""
    kept, known = kept_from(viewer), {**there, **{each.id: each for each in asked}}
    return [
        mistake
        for number, definition in enumerate(asked)
        for place, condition in _placed(definition.conditions, f"segment[{number}]")
        for mistake in _mistakes(place, condition, kept, known)
    ]


def _placed(group: Group, place: str) -> Iterator[tuple[str, Condition]]:
    """Each condition of a group with where it stands."""
    for name in group.__struct_fields__:
        nodes: Sequence[Node] = getattr(group, name)
        for number, node in enumerate(nodes):
            at = f"{place}.{name}[{number}]"
            if isinstance(node, Group):
                yield from _placed(node, at)
            else:
                yield at, node


def _mistakes(
    place: str, condition: Condition, kept: frozenset[str], known: Mapping[str, SegmentDefinition]
) -> Iterator[FileMistake]:
    problem, cure = message("file_mistake.not_for_your_roles"), message("file_mistake.leave_to_others")
    if condition.head in kept:
        yield FileMistake(f"{place}.{condition.head}", problem, cure)
    elif isinstance(condition, Reference) and not kept.isdisjoint(_heads_behind(condition.segment, known)):
        behind = message("file_mistake.refers_to_not_yours", name=condition.segment)
        yield FileMistake(f"{place}.{condition.head}", behind, cure)


def _heads_behind(segment: str, known: Mapping[str, SegmentDefinition]) -> set[str]:
    """The heads of all conditions of a segment and of those that it refers to, all of which are known."""
    return {leaf.head for each in definitions_behind(segment, known) for leaf in leaves(each.conditions)}
