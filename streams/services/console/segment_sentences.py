"""A definition of a segment in words, line by line, and each of its conditions as a segment of its own to be counted.

Who counts sees beside the whole how many each condition lets in by itself, so that a slip in one of them shows. Pure.
"""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from streams.domain.messages import CodedMessage, message
from streams.domain.segments.conditions import Condition, Group, Node, Reference, SegmentDefinition
from streams.domain.segments.explanation import condition_message
from streams.domain.segments.previews import MOST_ASKED


class DescribedCondition(Struct, frozen=True):
    """A line of a definition in words. `depth`: within how many groups; `refers_to`: a segment that has a page.

    `condition`: None of a group.
    """

    depth: int
    told: CodedMessage | None = None
    refers_to: str | None = None
    condition: Condition | None = None


def described(node: Node, depth: int) -> Iterator[DescribedCondition]:
    """A condition or a group of them, line by line."""
    if isinstance(node, Reference):
        yield DescribedCondition(depth, refers_to=node.segment, condition=node)
    elif isinstance(node, Group):
        yield from _group(node, depth)
    else:
        yield DescribedCondition(depth, condition_message(node), condition=node)


def _group(group: Group, depth: int) -> Iterator[DescribedCondition]:
    parts: Sequence[tuple[str, tuple[Node, ...]]] = (
        ("segment.all", group.all),
        ("segment.any", group.any),
        ("segment.none", group.none),
    )
    for code, nodes in parts:
        if nodes:
            yield DescribedCondition(depth, message(code))
            for node in nodes:
                yield from described(node, depth + 1)


def parts_of(definition: SegmentDefinition, taken: Collection[str]) -> dict[int, SegmentDefinition]:
    """Conditions as segments of their own, by the number of their line; none of a definition that has just one.

    `taken`: names that they may not have.
    """
    lines = [(at, line.condition) for at, line in enumerate(described(definition.conditions, 0)) if line.condition]
    prefix = "part-"
    while any(name.startswith(prefix) for name in taken):
        prefix += "-"
    if len(lines) < 2:
        return {}
    return {
        at: SegmentDefinition(f"{prefix}{at}", Group(all=(condition,))) for at, condition in lines[: MOST_ASKED - 1]
    }
