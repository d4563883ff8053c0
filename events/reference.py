"""Makes what docs list of the registries: types of events, their fields, and metrics.

They are in `docs/events.md`, `dead-letters.md` (types that quarantine holds) and `experiments-counting.md` (metrics).
`make schemas` writes them; tests hold the committed pages to them.
"""

import sys
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from events.contact import Contact
from events.experiments.metrics import METRIC_SPECS
from events.interactions.base import InteractionData
from events.registry import MODELS, SPECS, TOPICS_OF
from events.schemas import Contractual
from events.topics import INPUT_TOPICS

_HEAD = """\
# Types of events, and their fields

Made of the models by `make schemas`; do not change it by hand. Every event is a CloudEvent with `specversion`, `id`,
`source`, `type`, `time` (when it happened, with an offset) and `data`; the tables are of `data`. A field that is null
counts as absent. A field that a type does not know is taken and means nothing, so mind the spelling. As JSON Schema,
for programs: [schemas](schemas).
"""
_HELD, _AND_UNKNOWN = "**Held:** ", ", and types that nobody knows."
_METRICS_HEAD = "| metric | counts |\n|---|---|\n"
_Schema = Mapping[str, Any]


def page() -> str:
    """The text of the whole page."""
    common = [*InteractionData.model_fields]
    parts = [_HEAD, *_section("In every event", InteractionData, common), *_section("`contact`", Contact, [])]
    for topic in INPUT_TOPICS:
        types = [type_ for type_ in MODELS if topic.name in TOPICS_OF[type_] and len(TOPICS_OF[type_]) == 1]
        parts += [f"## `{topic.name}`\n", f"{topic.purpose}.\n"]
        parts += [line for type_ in types for line in _type(type_, common)]
    parts += ["## Any of these but `contact-commands`\n"]
    parts += [line for type_, topics in TOPICS_OF.items() if len(topics) > 1 for line in _type(type_, common)]
    return "\n".join(parts)


def with_metrics(text: str) -> str:
    """A page with its table of metrics as the registry has it. Raises `ValueError` where it has none."""
    before, head, rest = text.partition(_METRICS_HEAD)
    if not head:
        raise ValueError("the page has no table of metrics")
    rows = [f"| `{spec.name}` | {spec.counts} |\n" for spec in METRIC_SPECS]
    return "".join([before, head, *rows, "\n", rest.partition("\n\n")[2]])


def with_held_types(text: str) -> str:
    """A page with the types that quarantine holds as the registry has them. Raises `ValueError` where it has none."""
    before, head, rest = text.partition(_HELD)
    _, end, after = rest.partition(_AND_UNKNOWN)
    if not (head and end):
        raise ValueError("the page has no list of the types that are held")
    return "".join([before, head, ", ".join(f"`{spec.name}`" for spec in SPECS if spec.can_wait), end, after])


def _type(type_: str, common: list[str]) -> Iterator[str]:
    model = MODELS[type_]
    yield f"### `{type_}`\n"
    yield f"{_about(model)}\n"
    own = [name for name in model.model_fields if name not in common]
    yield from _table(model, own) if own else ["No fields of its own.\n"]


def _section(title: str, model: type[BaseModel], names: list[str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{_about(model)}\n"
    yield from _table(model, names or [*model.model_fields])


def _about(model: type[BaseModel]) -> str:
    return " ".join(cleandoc(model.__doc__ or "").split())


def _table(model: type[BaseModel], names: list[str]) -> Iterator[str]:
    schema = model.model_json_schema(schema_generator=Contractual)
    required = schema.get("required", ())
    rows = [
        f"| `{name}` | {'yes' if name in required else ''} | {_holds(schema['properties'][name], schema)} |"
        for name in names
    ]
    yield "\n".join(["| field | required | what |", "|---|---|---|", *rows]) + "\n"


def _holds(field: _Schema, whole: _Schema) -> str:
    """The allowed values of a field, in words."""
    variants = [each for each in field.get("anyOf", [field]) if each.get("type") != "null"]
    said = " or ".join(dict.fromkeys(_one({**field, **each}, whole) for each in variants))
    if isinstance(default := field.get("default"), str):
        said += f"; `{default}` if absent"
    return said


def _one(field: _Schema, whole: _Schema) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        inner = whole["$defs"][name].get("properties", {})
        return "see below" if name == "Contact" else f"an object of {', '.join(f'`{each}`' for each in inner)}"
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if field.get("format") == "date-time":
        return "time, RFC 3339 with an offset"
    kind = field.get("type")
    if kind == "array":
        most = field["maxItems"]
        return f"{most if field.get('minItems') == most else f'up to {most}'} of: {_holds(field['items'], whole)}"
    if kind == "object":
        return "an object of values by name"
    return _scalar(field, kind)


def _scalar(field: _Schema, kind: object) -> str:
    if kind == "boolean":
        return "`true` or `false`"
    if kind in ("integer", "number"):
        return f"{'whole number' if kind == 'integer' else 'number'}{_between(field)}{_described(field)}"
    form = f", `{field['pattern'].replace('|', chr(92) + '|')}`" if "pattern" in field else ""
    return f"text{_length(field)}{form}"


def _length(field: _Schema) -> str:
    if "maxLength" not in field:
        return ""
    least = "1" if field.get("minLength") else "up"
    return f", {least} to {field['maxLength']:,} characters"


def _between(field: _Schema) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if "exclusiveMinimum" in field:
        low = field["exclusiveMinimum"] + 1
    if low is None:
        return ""
    return f" from {low}" if high is None else f" from {low} to {high:,}"


def _described(field: _Schema) -> str:
    return f"; {field['description'][:1].lower()}{field['description'][1:]}" if "description" in field else ""


if __name__ == "__main__":
    _docs = Path(sys.argv[1])
    (_docs / "events.md").write_text(page())
    _letters = _docs / "dead-letters.md"
    _letters.write_text(with_held_types(_letters.read_text()))
    _counting = _docs / "experiments-counting.md"
    _counting.write_text(with_metrics(_counting.read_text()))
