"""Applies a mapping to a record, in the mode (binary or structured) in which it came."""

import orjson

from events.cloudevents import is_binary, open_event
from events.dead_letters import Headers
from events.json_types import JSON
from events.refusal import Refusal
from streams.domain.dead_letter_repair.casting import cast
from streams.domain.dead_letter_repair.mapping import Filling, Mapping, Path

_Object = dict[str, JSON]
_CE = "ce_"
Record = tuple[bytes | None, Headers]
"""Value and headers."""


def apply_mapping(value: bytes | None, headers: Headers, mapping: Mapping) -> Record:
    """Value and headers with the mapping applied; as they were where it changes nothing.

    Never raises: what cannot be opened or written stays as it came.
    """
    event = open_event(value, headers)
    if isinstance(event, Refusal) or not change_event(event, mapping):
        return value, headers
    try:
        if is_binary(headers):
            return orjson.dumps(event.get("data")), _as_headers(event, headers)
        return orjson.dumps(event), headers
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        return value, headers


def change_event(event: _Object, mapping: Mapping) -> bool:
    """Apply the mapping to an event in place; whether anything was changed."""
    changed = [_rename(event, old, new) for old, new in mapping.rename.items()]
    changed += [_replace_value(event, path, table) for path, table in mapping.values.items()]
    changed += [_put(event, path, _as_json(value)) for path, value in mapping.default.items()]
    changed += [_cast(event, path, kind) for path, kind in mapping.cast.items()]
    return any(changed)


def _rename(event: _Object, old: Path, new: Path) -> bool:
    parent = _parent(event, old)
    if parent is None or parent.get(old[-1]) is None or new[: len(old)] == old:
        return False
    value = parent.pop(old[-1])
    if _put(event, new, value):
        return True
    parent[old[-1]] = value
    return False


def _replace_value(event: _Object, path: Path, table: dict[str, str | int | float | bool]) -> bool:
    parent = _parent(event, path)
    value = None if parent is None else parent.get(path[-1])
    if parent is None or not isinstance(value, str) or value not in table:
        return False
    parent[path[-1]] = table[value]
    return True


def _as_json(filling: Filling) -> JSON:
    return [*filling] if isinstance(filling, list) else filling


def _cast(event: _Object, path: Path, kind: str) -> bool:
    parent = _parent(event, path)
    if parent is None or path[-1] not in parent:
        return False
    before = parent[path[-1]]
    after = parent[path[-1]] = cast(before, kind)
    return type(after) is not type(before) or after != before


def _parent(event: _Object, path: Path) -> _Object | None:
    found: JSON = event
    for step in path[:-1]:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _put(event: _Object, path: Path, value: JSON) -> bool:
    """Put a value where there is none, making objects on the way; whether that was so."""
    within = event
    for step in path[:-1]:
        below = within.get(step)
        if below is None:
            below = within[step] = {}
        if not isinstance(below, dict):
            return False
        within = below
    if within.get(path[-1]) is not None:
        return False
    within[path[-1]] = value
    return True


def _as_headers(event: _Object, before: Headers) -> list[tuple[str, bytes | None]]:
    kept = [header for header in before if not header[0].startswith(_CE)]
    for name, value in event.items():
        if name != "data" and value is not None:
            kept.append((_CE + name, value.encode() if isinstance(value, str) else orjson.dumps(value)))
    return kept
