"""Fields of `data` that no type has: they are taken, and touch no state. One may be a known field misspelled.

So whoever sends them is told, before a mail to raise money counts as information since it said `purpos`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeAlias, get_args

from events.fields import Model
from events.interactions import MODELS
from events.json_types import JSON
from events.spelling import may_be_repeated, nearest

MOST_TOLD = 20
"""Of one event."""

_Shape: TypeAlias = Mapping[str, "_Shape | None"]
"""The fields of an object by name, with those of the objects in them."""


class UnknownField(NamedTuple):
    """`field`: where it stands, `*` for a name that may be an address; `near`: a known one that is spelled like it."""

    type: str
    field: str
    near: str | None

    def __str__(self) -> str:
        meant = f"did you mean {self.near}? " if self.near else ""
        return f"{self.field}: no field of {self.type}; {meant}It is taken, and counts for nothing"


def unknown_fields(type_: str, data: JSON) -> list[UnknownField]:
    """Those of `data` of a type that the contract has, in the order in which they stand."""
    if type_ not in MODELS or not isinstance(data, dict):
        return []
    shape = _shape(MODELS[type_])
    if data.keys() <= shape.keys() and not any(isinstance(value, dict) for value in data.values()):
        return []
    return _within(type_, "data", data, shape)[:MOST_TOLD]


def _within(type_: str, path: str, said: Mapping[str, JSON], shape: _Shape) -> list[UnknownField]:
    found = []
    for name, value in said.items():
        if name not in shape:
            if value is not None:
                shown = name if may_be_repeated(name) else "*"
                found.append(UnknownField(type_, f"{path}.{shown}", nearest(name, shape)))
        elif isinstance(value, dict) and (inner := shape[name]) is not None:
            found += _within(type_, f"{path}.{name}", value, inner)
    return found


@cache
def _shape(model: type[Model]) -> _Shape:
    return {name: _inner(info.annotation) for name, info in model.model_fields.items()}


def _inner(annotation: Any) -> _Shape | None:
    """Of a field that holds an object with fields of its own."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, Model):
            return _shape(each)
    return None
