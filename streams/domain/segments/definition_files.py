"""Definitions of segments from TOML or JSON, with every mistake told by its key and the cure; and written again."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
from pydantic import ValidationError

from events.spelling import nearest_name
from streams.domain.file_mistakes import FileMistake, FileMistakes, mistakes_in, reference_to, shown_value
from streams.domain.messages import CodedMessage, message
from streams.domain.segments.conditions import KINDS, NOT_KEPT, Condition, Group, Node, SegmentDefinition

REFERENCE = "see docs/segments.md"
SEE = reference_to("docs/segments.md")
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
        return _one("", message("file_mistake.not_toml", error=str(error)), message("file_mistake.correct_place"))
    return _read_file(said)


def read_segments_json(text: str | bytes) -> list[SegmentDefinition] | FileMistakes:
    """The same as JSON: an object `{"segment": [{...}, ...]}`."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _one("", message("file_mistake.not_json", error=str(error)), message("file_mistake.correct_place"))
    if not isinstance(said, dict):
        return _one("", message("file_mistake.no_object"), message("file_mistake.list_of_segments"))
    return _read_file(said)


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
    return table_toml(definition_table(definition))


def table_toml(table: Mapping[str, Any]) -> str:
    """A table of a file from its values, whatever is wrong with them."""
    lines = (f"{key} = {_toml(value)}" for key, value in table.items())
    return "\n".join((f"[[{_TABLES}]]", *lines, ""))


def _read_file(said: dict[str, object]) -> list[SegmentDefinition] | FileMistakes:
    tables = said.pop(_TABLES, None)
    if _MISNAMED in said:
        cure = message("file_mistake.rename", wrong=_MISNAMED, right=_TABLES)
        return _one(_MISNAMED, message("file_mistake.unknown"), cure)
    if said:
        cure = message("file_mistake.put_below", table=_TABLES, reference=SEE)
        return _one(next(iter(said)), message("file_mistake.in_no_segment"), cure)
    if not isinstance(tables, list) or not tables:
        problem = message("file_mistake.no_table_of", table=_TABLES)
        return _one("", problem, message("file_mistake.one_each", reference=SEE))
    if len(tables) > MOST_SEGMENTS:
        problem = message("file_mistake.are", n=len(tables))
        return _one(_TABLES, problem, message("file_mistake.define_at_most", n=MOST_SEGMENTS))
    reader, found = _Reader(), dict[str, SegmentDefinition]()
    for number, table in enumerate(tables):
        where = f"{_TABLES}[{number}]"
        definition = reader.definition(table, where)
        if definition is not None and definition.id in found:
            problem = message("file_mistake.twice", name=definition.id)
            reader.wrong(f"{where}.id", problem, message("file_mistake.once"))
        elif definition is not None:
            found[definition.id] = definition
    return FileMistakes(tuple(reader.mistakes)) if reader.mistakes else list(found.values())


class _Reader:
    """Reads tables, and collects their mistakes."""

    def __init__(self) -> None:
        self.mistakes: list[FileMistake] = []

    def wrong(self, key: str, problem: CodedMessage, cure: CodedMessage) -> None:
        self.mistakes.append(FileMistake(key, problem, cure))

    def definition(self, table: object, where: str) -> SegmentDefinition | None:
        """None where its head is wrong; of what else is wrong `mistakes` tell."""
        if not isinstance(table, dict):
            self.wrong(where, message("file_mistake.no_table"), message("file_mistake.segment_table", reference=SEE))
            return None
        self._unknown(table, where, _OWN)
        id_, owner, members = table.get("id"), table.get("owner", ""), table.get("members", False)
        if id_ is None:
            self.wrong(_at(where, "id"), message("file_mistake.missing"), message("file_mistake.name_segment"))
        elif not (isinstance(id_, str) and _is_name(id_)):
            self.wrong(_at(where, "id"), shown_value(id_), message("file_mistake.segment_id"))
        if not isinstance(owner, str) or len(owner) > MOST_OWNER:
            self.wrong(_at(where, "owner"), shown_value(owner), message("file_mistake.segment_owner"))
        if not isinstance(members, bool):
            self.wrong(_at(where, "members"), shown_value(members), message("file_mistake.segment_members"))
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
            self.wrong(
                where, message("file_mistake.no_conditions"), message("file_mistake.add_conditions", reference=SEE)
            )
            return None
        return Group(**parts)

    def _list(self, conditions: object, where: str, depth: int) -> Iterator[Node]:
        if not isinstance(conditions, list):
            self.wrong(where, message("file_mistake.no_list"), message("file_mistake.conditions_list"))
            return
        if not conditions:
            self.wrong(where, message("file_mistake.empty"), message("file_mistake.add_condition"))
        for number, condition in enumerate(conditions):
            found = self._node(condition, f"{where}[{number}]", depth)
            if found is not None:
                yield found

    def _node(self, table: object, where: str, depth: int) -> Node | None:
        if not isinstance(table, dict):
            self.wrong(where, shown_value(table), message("file_mistake.give_condition"))
            return None
        if any(name in table for name in _GROUPS):
            if depth >= DEEPEST:
                self.wrong(where, message("file_mistake.too_deep"), message("file_mistake.nest_less", n=DEEPEST))
                return None
            self._unknown(table, where, _GROUPS)
            return self.group(table, where, depth + 1)
        for head, what in NOT_KEPT.items():
            if head in table:
                problem = message("file_mistake.not_kept", what=message(what))
                self.wrong(_at(where, head), problem, message("file_mistake.next_format"))
                return None
        kind = next((kind for head, kind in KINDS.items() if head in table), None)
        if kind is not None:
            return self._condition(kind, table, where)
        near = next((found for name in table if (found := nearest_name(name, (*KINDS, *_GROUPS)))), None)
        problem = message("file_mistake.no_condition", names=", ".join(table)[:40])
        self.wrong(where, problem, _cure_near("file_mistake.correct", near))
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
                cure = message("file_mistake.own_table", reference=SEE)
                self.wrong(_at(where, name), message("file_mistake.own_condition"), cure)
            else:
                cure = cure_of_name("file_mistake.correct_name", name, known)
                self.wrong(_at(where, name), message("file_mistake.unknown"), cure)
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


def cure_of_name(code: str, name: str, known: Iterable[str]) -> CodedMessage:
    """The cure of an unknown name, with the known one that it may be meant for. `code`: without such a one."""
    return _cure_near(code, nearest_name(name, known))


def _cure_near(code: str, near: str | None) -> CodedMessage:
    return message(code, reference=SEE) if near is None else message(f"{code}_near", near=near, reference=SEE)


def _at(where: str, key: str) -> str:
    return f"{where}.{key}".strip(".")


def _one(key: str, problem: CodedMessage, cure: CodedMessage) -> FileMistakes:
    return FileMistakes((FileMistake(key, problem, cure),))
