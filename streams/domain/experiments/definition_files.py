"""Files of definitions: from the text of a TOML file to experiments, or to all that is wrong with it.

A file may not say all that the topic may, so that definitions that are there already stay readable as they are. And
experiments of one exclusion group have to leave each other alone.
"""

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

import orjson
from pydantic import ValidationError

from events.experiments import ExperimentDefinition
from events.experiments.metrics import GUARDRAILS, METRICS
from streams.domain.experiments.definition_records import REFERENCE
from streams.domain.file_mistakes import FileMistake, FileMistakes, mistakes_in


def _listed(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *rest, last = names
    return f"{', '.join(rest)} or {last}" if rest else last


_CURE = f"name {_listed(GUARDRAILS)} there, and what is to be judged in metrics"


def file_only_mistakes(table: Mapping[str, object]) -> Iterator[FileMistake]:
    """Mistakes of an unchecked table that make a file invalid, though the topic may hold such definitions."""
    yield from _names(table.get("variants"))
    yield from _guardrails(table.get("guardrails"))


def _names(variants: object) -> Iterator[FileMistake]:
    """Spaces that nobody sees: tools that report the name without them would report another variant."""
    for name in variants if isinstance(variants, dict) else ():
        if name and name != name.strip():
            cure = f"write it {name.strip()!r}" if name.strip() else "give it a name that can be seen"
            yield FileMistake("variants", f"{name!r} has space at its ends", cure)


def _guardrails(named: object) -> Iterator[FileMistake]:
    """A metric that nobody would watch; what is no metric is told of with the rest."""
    if not isinstance(named, list):
        return
    if unwatched := [metric for metric in METRICS if metric in named and metric not in GUARDRAILS]:
        yield FileMistake("guardrails", f"nobody watches {_listed(unwatched)} for harm", _CURE)


_TABLES = "experiment"
_MISNAMED = f"{_TABLES}s"


def read_definitions(text: str) -> list[ExperimentDefinition] | FileMistakes:
    """The experiments of a file, in its order; each is a table `[[experiment]]`."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _one("", f"is not TOML: {error}", "correct that place")
    tables = said.pop(_TABLES, None)
    if _MISNAMED in said:
        return _one(_MISNAMED, "is not known", f"rename [[{_MISNAMED}]] to [[{_TABLES}]], wherever it stands")
    if said:
        return _one(next(iter(said)), "is in no experiment", f"put it below a line [[{_TABLES}]]: {REFERENCE}")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        return _one("", f"has no table [[{_TABLES}]]", f"give one for each experiment: {REFERENCE}")
    return _read(tables)


def _read(tables: list[dict[str, object]]) -> list[ExperimentDefinition] | FileMistakes:
    found: dict[str, ExperimentDefinition] = {}
    mistakes: list[FileMistake] = []
    for number, table in enumerate(tables):
        read = _definition(table, f"{_TABLES}[{number}]")
        if isinstance(read, FileMistakes):
            mistakes += read.found
        elif read.id in found:
            mistakes.append(FileMistake(f"{_TABLES}[{number}].id", f"{read.id} is there twice", "define it once"))
        else:
            found[read.id] = read
    return FileMistakes(tuple(mistakes)) if mistakes else list(found.values())


def _definition(table: dict[str, object], where: str) -> ExperimentDefinition | FileMistakes:
    """By way of JSON, where a list is a list and a date of TOML is the text that it is everywhere else."""
    try:
        said = orjson.dumps(table)
    except orjson.JSONEncodeError:
        return _one(where, "has a number that is too large", "give a smaller one")
    mistakes = [*file_only_mistakes(table)]
    try:
        definition = ExperimentDefinition.model_validate_json(said)
    except ValidationError as error:
        mistakes[:0] = mistakes_in(error, REFERENCE).found
    else:
        if not mistakes:
            return definition
    return FileMistakes(tuple(each._replace(key=f"{where}.{each.key}" if each.key else where) for each in mistakes))


def _one(key: str, problem: str, cure: str) -> FileMistakes:
    return FileMistakes((FileMistake(key, problem, cure),))


class ExclusionClash(NamedTuple):
    """Two experiments of one exclusion group that may meet in one person; `cure` says what to change."""

    one: str
    other: str
    group: str
    problem: str
    cure: str

    def __str__(self) -> str:
        return f"{self.one} and {self.other}: exclusion group {self.group}: {self.problem}; {self.cure}"


def exclusion_clashes(
    definitions: Mapping[str, ExperimentDefinition], changed: Collection[str]
) -> Iterator[ExclusionClash]:
    """Pairs of experiments in one exclusion group that overlap, of which at least one is `changed`.

    Experiments that run at different times may share a slice. One that is rolled out owns none any more: everybody
    gets its variant.
    """
    for group, members in _exclusion_groups(definitions.values()).items():
        for one, other in combinations(members, 2):
            if (one.id in changed or other.id in changed) and _meet_in_time(one, other):
                yield from _clash(group, one, other)


def _exclusion_groups(definitions: Iterable[ExperimentDefinition]) -> dict[str, list[ExperimentDefinition]]:
    groups: dict[str, list[ExperimentDefinition]] = {}
    for definition in sorted(definitions, key=lambda each: each.id):
        if definition.exclusion is not None and definition.phase == "test":
            groups.setdefault(definition.exclusion.group, []).append(definition)
    return groups


def _clash(group: str, one: ExperimentDefinition, other: ExperimentDefinition) -> Iterator[ExclusionClash]:
    mine, theirs = one.exclusion, other.exclusion
    if mine is None or theirs is None:
        return
    if one.unit != other.unit:
        problem = f"one assigns by {one.unit}, the other by {other.unit}, so one person may be in both"
        yield ExclusionClash(one.id, other.id, group, problem, "give them the same unit or different groups")
    elif mine.from_ < theirs.to and theirs.from_ < mine.to:
        start, end = max(mine.from_, theirs.from_), min(mine.to, theirs.to)
        problem = f"both own {start:g} to {end:g}"
        yield ExclusionClash(
            one.id, other.id, group, problem, "change a from or to, or let one end before the other starts"
        )


def _meet_in_time(one: ExperimentDefinition, other: ExperimentDefinition) -> bool:
    return _lasts_until(one, other) and _lasts_until(other, one)


def _lasts_until(one: ExperimentDefinition, other: ExperimentDefinition) -> bool:
    """Whether one does not end before the other starts."""
    end, start = one.ms("end"), other.ms("start")
    return end is None or start is None or start < end
