"""From definitions to segments that can be judged: references inlined, limits held, and an edition for each.

The edition is a hash of all conditions in a form that no spelling changes. Two segments have one edition if and only if
their inlined conditions are the same; where a condition asks the contact policy, what that says of it is part of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

import orjson
from msgspec import Struct
from msgspec.structs import replace

from streams.domain.file_mistakes import FileMistake
from streams.domain.messages import CodedMessage, Field, message
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.conditions import Canonical, ChannelState, Condition, Group, Node, Reference
from streams.domain.segments.conditions import SegmentDefinition as Definition
from streams.domain.segments.definition_files import MOST_SEGMENTS, SEE, cure_of_name

MOST_CONDITIONS = 64
"""Of one segment, with those of the segments that it refers to."""

DEEPEST_REFERENCE = 16

_MEANING = 1
"""Counted up when conditions come to mean something else, so that everybody is judged anew."""


class Segment(Struct, frozen=True):
    """A segment ready to be judged: its conditions refer to no other one. `rules`: what its channels are judged by."""

    id: str
    edition: str
    conditions: Group
    rules: ChannelRules
    owner: str = ""
    members: bool = False


class ResolvedSegments(Struct, frozen=True):
    """The segments that can be judged, by id, and why others cannot; a mistake's key begins with the segment's id."""

    segments: Mapping[str, Segment]
    mistakes: tuple[FileMistake, ...] = ()


def resolve(definitions: Iterable[Definition], rules: ChannelRules) -> ResolvedSegments:
    """Inline what definitions refer to."""
    by_id = {definition.id: definition for definition in definitions}
    mistakes: list[FileMistake] = []
    if len(by_id) > MOST_SEGMENTS:
        problem, cure = (
            message("file_mistake.has_segments", n=len(by_id)),
            message("file_mistake.define_at_most", n=MOST_SEGMENTS),
        )
        mistakes.append(FileMistake("", problem, cure))
        by_id = {name: by_id[name] for name in sorted(by_id)[:MOST_SEGMENTS]}
    inliner = _Inliner(by_id)
    mistakes += inliner.mistakes
    segments = {
        name: Segment(name, edition_of(group, rules), group, rules, by_id[name].owner, by_id[name].members)
        for name, group in sorted(inliner.inlined.items())
    }
    return ResolvedSegments(segments, tuple(mistakes))


def edition_of(conditions: Group, rules: ChannelRules) -> str:
    """Twelve hex digits that are the same if and only if inlined conditions say the same."""
    said: list[object] = [_MEANING, canonical(conditions)]
    if any(isinstance(each, ChannelState) for each in leaves(conditions)):
        said.append(rules.version)
    return blake2b(orjson.dumps(said), digest_size=6).hexdigest()


def canonical(node: Node) -> Canonical:
    """What conditions say, without the order, the nesting and the repetitions in which they were written."""
    if isinstance(node, Condition):
        return node.canonical()
    parts = [canonical(part) for part in node.all]
    if node.any:
        parts.append(_joined("any", [canonical(part) for part in node.any]))
    parts += [_negated(canonical(part)) for part in node.none]
    return _joined("all", parts)


def leaves(node: Node) -> Iterable[Condition]:
    """All conditions of a group, however deep."""
    if isinstance(node, Condition):
        yield node
        return
    for part in (*node.all, *node.any, *node.none):
        yield from leaves(part)


def references(node: Node) -> Iterable[str]:
    """The segments that conditions refer to."""
    return (leaf.segment for leaf in leaves(node) if isinstance(leaf, Reference))


def definitions_behind(segment: str, definitions: Mapping[str, Definition]) -> Iterator[Definition]:
    """A segment's definition, then each that it refers to, once. Raises KeyError for one that is not there."""
    waiting, seen = [segment], {segment}
    while waiting:
        definition = definitions[waiting.pop(0)]
        yield definition
        for name in sorted({*references(definition.conditions)} - seen):
            seen.add(name)
            waiting.append(name)


def _joined(how: str, parts: Sequence[Canonical]) -> Canonical:
    flat = [inner for part in parts for inner in (part[1:] if part[0] == how else [part])]
    different = {orjson.dumps(part): part for part in flat}
    ordered = [different[key] for key in sorted(different)]
    return ordered[0] if len(ordered) == 1 else [how, *ordered]


def _negated(part: Canonical) -> Canonical:
    inner: Canonical = part[1] if part[0] == "not" else ["not", part]
    return inner


class _Inliner:
    """Inlines definitions in an order in which each comes after those that it refers to."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions
        self._sizes: dict[str, int] = {}
        self._depths: dict[str, int] = {}
        self.inlined: dict[str, Group] = {}
        self.mistakes: list[FileMistake] = []
        needs = {name: sorted({*references(each.conditions)}) for name, each in definitions.items()}
        waiting = [name for name in sorted(needs) if self._knows(name, needs[name])]
        while ready := [name for name in waiting if all(need in self._depths for need in needs[name])]:
            for name in ready:
                self._inline(name, needs[name])
            waiting = [name for name in waiting if name not in self._depths]
        for name in waiting:
            self._tell_circle(name, needs)

    def _knows(self, name: str, needs: Sequence[str]) -> bool:
        unknown = [need for need in needs if need not in self._definitions]
        for need in unknown:
            problem = message("file_mistake.refers_to_unknown", name=need)
            self._wrong(name, problem, cure_of_name("file_mistake.define_or_correct", need, self._definitions))
        return not unknown

    def _inline(self, name: str, needs: Sequence[str]) -> None:
        group = self._definitions[name].conditions
        self._depths[name] = 1 + max((self._depths[need] for need in needs), default=0)
        self._sizes[name] = sum(
            self._sizes[leaf.segment] if isinstance(leaf, Reference) else 1 for leaf in leaves(group)
        )
        if lacking := [need for need in needs if need not in self.inlined]:
            self._tell_of(name, lacking[0])
        elif self._sizes[name] > MOST_CONDITIONS:
            problem = message("file_mistake.has_conditions", n=self._sizes[name])
            self._wrong(name, problem, _cure("give_at_most", n=MOST_CONDITIONS))
        elif self._depths[name] > DEEPEST_REFERENCE:
            problem = message("file_mistake.refers_deep", n=self._depths[name])
            self._wrong(name, problem, _cure("let_at_most", n=DEEPEST_REFERENCE))
        else:
            self.inlined[name] = self._without_references(group)

    def _without_references(self, group: Group) -> Group:
        return replace(
            group, **{name: tuple(map(self._replaced, getattr(group, name))) for name in group.__struct_fields__}
        )

    def _replaced(self, node: Node) -> Node:
        if isinstance(node, Group):
            return self._without_references(node)
        return self.inlined[node.segment] if isinstance(node, Reference) else node

    def _tell_circle(self, name: str, needs: Mapping[str, Sequence[str]]) -> None:
        """Say why one that could not be inlined waits: for itself, or for one with a mistake."""
        way = [name]
        while way.count(way[-1]) < 2:
            following = [need for need in needs[way[-1]] if need not in self._depths and need in needs]
            if not following:
                break
            way.append(following[0])
        if way[-1] == name and len(way) > 1:
            problem = message("file_mistake.refers_to_itself", way=" → ".join(way))
            self._wrong(name, problem, _cure("take_reference_out"))
        else:
            self._tell_of(name, way[1] if len(way) > 1 else name)

    def _tell_of(self, name: str, other: str) -> None:
        """Say that another one has a mistake, to which this one refers."""
        self._wrong(name, message("file_mistake.refers_to_wrong", name=other), _cure("correct_first", name=other))

    def _wrong(self, name: str, problem: CodedMessage, cure: CodedMessage) -> None:
        self.mistakes.append(FileMistake(name, problem, cure))


def _cure(code: str, **fields: Field) -> CodedMessage:
    return message(f"file_mistake.{code}", reference=SEE, **fields)
