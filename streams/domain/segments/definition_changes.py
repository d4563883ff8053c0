"""What a file of definitions changes of those that there are, and whether all of them can be judged afterwards."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from streams.domain.file_mistakes import FileMistake
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.resolution import references, resolve


class SegmentDefinitionChange(Struct, frozen=True):
    """What becomes of one segment. `judges_anew`: it says something else than before, of whom it lets in."""

    id: str
    outcome: Literal["new", "changed", "unchanged"]
    judges_anew: bool


def definition_changes(
    there: Mapping[str, SegmentDefinition], found: Sequence[SegmentDefinition], rules: ChannelRules
) -> list[SegmentDefinitionChange] | tuple[FileMistake, ...]:
    """What definitions change of those that there are, by id; or the mistakes for which none of them can be taken.

    Another segment that refers to one of these, and can be judged no more because of it, is a mistake too. One that
    could not be judged before is none of theirs.
    """
    before = resolve(there.values(), rules)
    after = resolve({**there, **{each.id: each for each in found}}.values(), rules)
    new = {each.id for each in found}
    known = {mistake.key for mistake in before.mistakes}
    if mistakes := tuple(each for each in after.mistakes if each.key in new or each.key not in known):
        return mistakes
    editions = {name: segment.edition for name, segment in before.segments.items()}
    return [
        SegmentDefinitionChange(
            each.id,
            "new" if each.id not in there else "unchanged" if there[each.id] == each else "changed",
            editions.get(each.id) != after.segments[each.id].edition,
        )
        for each in found
    ]


def in_order_of_references(found: Iterable[SegmentDefinition]) -> list[SegmentDefinition]:
    """Those that others refer to before them, so that whoever takes one after the other can judge by each at once."""
    waiting = {each.id: each for each in found}
    ordered: list[SegmentDefinition] = []
    while waiting:
        ready = [each for each in waiting.values() if not {*references(each.conditions)} & waiting.keys() - {each.id}]
        ordered += ready or waiting.values()
        waiting = {name: each for name, each in waiting.items() if each not in ordered}
    return ordered


def referring_to(names: Collection[str], there: Mapping[str, SegmentDefinition]) -> dict[str, list[str]]:
    """By segment that is to be withdrawn, those that stay and refer to it."""
    found: dict[str, list[str]] = {}
    for each in there.values():
        for name in {*references(each.conditions)} & {*names}:
            if each.id not in names:
                found.setdefault(name, []).append(each.id)
    return {name: sorted(others) for name, others in sorted(found.items())}
