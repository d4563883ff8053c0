"""Definitions of segments from TOML or JSON, with every mistake told by its key and the cure; and written again."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
from pydantic import ValidationError

from events.spelling import did_you_mean
from streams.domain.file_mistakes import FileMistake, FileMistakes, mistakes_in
from streams.domain.segments.conditions import KINDS, NOT_KEPT, Condition, Group, Node, SegmentDefinition

REFERENCE = "see docs/segments.md"
DEEPEST = 8
"""Groups within groups."""

MOST_SEGMENTS = 1_000
MOST_OWNER = 1_024

_TABLES = "segment"
_MISNAMED = f"{_TABLES}s"
_GROUPS = ("all", "any", "none")
_OWN = ("id", "owner", "members", *_GROUPS)

Table: TypeAlias = Mapping[str, object]


def read_segments(text: str) -> list[SegmentDefinition] | FileMistakes:
    """The segments of a TOML file, in its order; each is a table `[[segment]]`."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _one("", f"is not TOML: {error}", "correct that place")
    return _read_file(said)


def read_segments_json(text: str | bytes) -> list[SegmentDefinition] | FileMistakes:
    """The same as JSON: an object `{"segment": [{...}, ...]}`."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _one("", f"is not JSON: {error}", "correct that place")
    return _read_file(said) if isinstance(said, dict) else _one("", "is no object", "give one with a list segment")


def read_segment(table: object, where: str = "") -> SegmentDefinition | FileMistakes:
    """One definition from its table. `where`: the path of the table, for mistakes."""
    reader = _Reader()
    found = reader.definition(table, where)
    return FileMistakes(tuple(reader.mistakes)) if found is None or reader.mistakes else found


def definition_table(definition: SegmentDefinition) -> dict[str, Any]:
    """The table of a definition, in JSON values."""
    head: dict[str, Any] = {"id": definition.id, "owner": definition.owner, "members": definition.members}
    return head | _group_table(definition.conditions)


def definition_json(definition: SegmentDefinition) -> bytes:
    """The value of a definition's record: its table as JSON."""
    return orjson.dumps(definition_table(definition))


def definition_toml(definition: SegmentDefinition) -> str:
    """The definition as a table of a file."""
    lines = (f"{key} = {_toml(value)}" for key, value in definition_table(definition).items())
    return "\n".join((f"[[{_TABLES}]]", *lines, ""))


def _read_file(said: dict[str, object]) -> list[SegmentDefinition] | FileMistakes:
    tables = said.pop(_TABLES, None)
    if _MISNAMED in said:
        return _one(_MISNAMED, "is not known", f"rename [[{_MISNAMED}]] to [[{_TABLES}]], wherever it stands")
    if said:
        return _one(next(iter(said)), "is in no segment", f"put it below a line [[{_TABLES}]]: {REFERENCE}")
    if not isinstance(tables, list) or not tables:
        return _one("", f"has no table [[{_TABLES}]]", f"give one for each segment: {REFERENCE}")
    if len(tables) > MOST_SEGMENTS:
        return _one(_TABLES, f"are {len(tables):,}", f"define {MOST_SEGMENTS:,} at most")
    reader, found = _Reader(), dict[str, SegmentDefinition]()
    for number, table in enumerate(tables):
        where = f"{_TABLES}[{number}]"
        definition = reader.definition(table, where)
        if definition is not None and definition.id in found:
            reader.wrong(f"{where}.id", f"{definition.id} is there twice", "define it once")
        elif definition is not None:
            found[definition.id] = definition
    return FileMistakes(tuple(reader.mistakes)) if reader.mistakes else list(found.values())


class _Reader:
    """Reads tables, and collects their mistakes."""

    def __init__(self) -> None:
        self.mistakes: list[FileMistake] = []

    def wrong(self, key: str, problem: str, cure: str) -> None:
        self.mistakes.append(FileMistake(key, problem, cure))

    def definition(self, table: object, where: str) -> SegmentDefinition | None:
        """None where its head is wrong; of what else is wrong `mistakes` tell."""
        if not isinstance(table, dict):
            self.wrong(where, "is no table", f"give one with id and conditions: {REFERENCE}")
            return None
        self._unknown(table, where, _OWN)
        id_, owner, members = table.get("id"), table.get("owner", ""), table.get("members", False)
        if id_ is None:
            self.wrong(_at(where, "id"), "is missing", 'give the segment a name, such as id = "donors"')
        elif not (isinstance(id_, str) and _is_name(id_)):
            cure = "give 1 to 64 letters, digits or . _ -, such as lapsed-donors"
            self.wrong(_at(where, "id"), f"is {_shown(id_)}", cure)
        if not isinstance(owner, str) or len(owner) > MOST_OWNER:
            self.wrong(_at(where, "owner"), f"is {_shown(owner)}", 'give the team whose segment it is, such as "field"')
        if not isinstance(members, bool):
            self.wrong(_at(where, "members"), f"is {_shown(members)}", "give true to keep a list of members, or false")
        conditions = self.group(table, where, 1)
        if conditions is None or not isinstance(id_, str) or not isinstance(owner, str):
            return None
        return SegmentDefinition(id_, conditions, owner, members is True)

    def group(self, table: Table, where: str, depth: int) -> Group | None:
        parts: dict[str, tuple[Node, ...]] = {}
        for name in _GROUPS:
            if name in table:
                parts[name] = tuple(self._list(table[name], _at(where, name), depth))
        if not parts:
            self.wrong(where, "has no conditions", f"add all, any or none, such as all = [...]: {REFERENCE}")
            return None
        return Group(**parts)

    def _list(self, conditions: object, where: str, depth: int) -> Iterator[Node]:
        if not isinstance(conditions, list):
            self.wrong(where, "is no list", 'put conditions into [ ], such as [{ tag = "volunteer" }]')
            return
        if not conditions:
            self.wrong(where, "is empty", "add a condition, or leave it out")
        for number, condition in enumerate(conditions):
            found = self._node(condition, f"{where}[{number}]", depth)
            if found is not None:
                yield found

    def _node(self, table: object, where: str, depth: int) -> Node | None:
        if not isinstance(table, dict):
            self.wrong(where, f"is {_shown(table)}", 'give a condition in { }, such as { tag = "volunteer" }')
            return None
        if any(name in table for name in _GROUPS):
            if depth >= DEEPEST:
                self.wrong(where, "is nested too deeply", f"nest groups {DEEPEST} deep at most, or refer to a segment")
                return None
            self._unknown(table, where, _GROUPS)
            return self.group(table, where, depth + 1)
        for head, what in NOT_KEPT.items():
            if head in table:
                cure = "leave it out for now; it needs the next format of states"
                self.wrong(_at(where, head), f"cannot be answered yet: {what} is not kept", cure)
                return None
        kind = next((kind for head, kind in KINDS.items() if head in table), None)
        if kind is not None:
            return self._condition(kind, table, where)
        near = next((found for name in table if (found := did_you_mean(name, (*KINDS, *_GROUPS)))), "")
        names = ", ".join(table)
        self.wrong(where, f"is no condition that is known: {names[:40]}", _cured("correct it", near))
        return None

    def _condition(self, kind: type[Condition], table: Table, where: str) -> Condition | None:
        known = [field.alias or name for name, field in kind.model_fields.items()]
        strange = self._unknown(table, where, known)
        try:
            return kind.model_validate({name: value for name, value in table.items() if name not in strange})
        except ValidationError as error:
            for each in mistakes_in(error, REFERENCE).found:
                self.mistakes.append(each._replace(key=_at(where, each.key)))
            return None

    def _unknown(self, table: Table, where: str, known: Sequence[str]) -> set[str]:
        strange = {name for name in table if name not in known}
        for name in sorted(strange):
            if name in KINDS and "id" not in known:
                cure = f"put it into a table of its own: {REFERENCE}"
                self.wrong(_at(where, name), "is a condition of its own", cure)
            else:
                cure = _cured("correct its name or take it out", did_you_mean(name, known))
                self.wrong(_at(where, name), "is not known", cure)
        return strange


def _group_table(group: Group) -> dict[str, Any]:
    return {name: [_node_table(node) for node in nodes] for name in _GROUPS if (nodes := getattr(group, name))}


def _node_table(node: Node) -> dict[str, Any]:
    return _group_table(node) if isinstance(node, Group) else node.table()


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(part)}' for key, part in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= 64 and text.isascii() and all(sign.isalnum() or sign in "._-" for sign in text)


def _cured(cure: str, near: str) -> str:
    return f"{cure}{near} {REFERENCE}" if near else f"{cure}: {REFERENCE}"


def _at(where: str, key: str) -> str:
    return f"{where}.{key}".strip(".")


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def _one(key: str, problem: str, cure: str) -> FileMistakes:
    return FileMistakes((FileMistake(key, problem, cure),))
