"""Whether experiments of one exclusion group leave each other alone."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from events.experiments import ExperimentDefinition


class Clash(NamedTuple):
    """Two experiments that may meet in one person; `cure` says what to change."""

    one: str
    other: str
    group: str
    problem: str
    cure: str

    def __str__(self) -> str:
        return f"{self.one} and {self.other}: exclusion group {self.group}: {self.problem}; {self.cure}"


def clashes(definitions: Mapping[str, ExperimentDefinition], changed: Collection[str]) -> Iterator[Clash]:
    """Those in which one of the experiments that are `changed` has a part.

    Experiments that run at different times may share a slice. One that is rolled out owns none any more: everybody
    gets its variant.
    """
    for group, members in _groups(definitions.values()).items():
        for one, other in combinations(members, 2):
            if (one.id in changed or other.id in changed) and _meet_in_time(one, other):
                yield from _clash(group, one, other)


def _groups(definitions: Iterable[ExperimentDefinition]) -> dict[str, list[ExperimentDefinition]]:
    groups: dict[str, list[ExperimentDefinition]] = {}
    for definition in sorted(definitions, key=lambda each: each.id):
        if definition.exclusion is not None and definition.phase == "test":
            groups.setdefault(definition.exclusion.group, []).append(definition)
    return groups


def _clash(group: str, one: ExperimentDefinition, other: ExperimentDefinition) -> Iterator[Clash]:
    mine, theirs = one.exclusion, other.exclusion
    if mine is None or theirs is None:
        return
    if one.unit != other.unit:
        problem = f"one assigns by {one.unit}, the other by {other.unit}, so one person may be in both"
        yield Clash(one.id, other.id, group, problem, "give them the same unit or different groups")
    elif mine.from_ < theirs.to and theirs.from_ < mine.to:
        start, end = max(mine.from_, theirs.from_), min(mine.to, theirs.to)
        problem = f"both own {start:g} to {end:g}"
        yield Clash(one.id, other.id, group, problem, "change a from or to, or let one end before the other starts")


def _meet_in_time(one: ExperimentDefinition, other: ExperimentDefinition) -> bool:
    return _lasts_until(one, other) and _lasts_until(other, one)


def _lasts_until(one: ExperimentDefinition, other: ExperimentDefinition) -> bool:
    """Whether one does not end before the other starts."""
    end, start = one.ms("end"), other.ms("start")
    return end is None or start is None or start < end
