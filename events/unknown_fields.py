"""Fields of `data` that no type has: they are taken, and touch no state. One may be a known field misspelled.

So whoever sends them is told, before a mail to raise money counts as information since it said `purpos`.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, get_args

from events.fields import Model
from events.json_types import JSON
from events.registry import MODELS
from events.spelling import may_be_repeated, nearest

MOST_TOLD = 20
"""Of one event."""


class _Shape(NamedTuple):
    """The fields of an object, and of those of them that are objects the fields within."""

    names: frozenset[str]
    inner: Mapping[str, "_Shape"]


class UnknownField(NamedTuple):
    """`field`: where it stands, `*` for a name that may be an address; `near`: a known one that is spelled like it."""

    type: str
    field: str
    near: str | None

    def __str__(self) -> str:
        meant = f"did you mean {self.near}? " if self.near else ""
        return f"{self.field}: no field of {self.type}; {meant}It is taken, and counts for nothing"


def unknown_fields(type_: str, data: JSON, most: int = MOST_TOLD) -> list[UnknownField]:
    """Those of `data` of a type that the contract has, in the order in which they stand; at most so many."""
    return [
        UnknownField(type_, f"{path}.{name if may_be_repeated(name) else '*'}", nearest(name, sorted(shape.names)))
        for path, name, shape in islice(_unknown(type_, data), most)
    ]


def has_unknown_fields(type_: str, data: JSON) -> bool:
    """Whether there are any, for whoever needs no names: to find what was meant takes far longer."""
    return next(_unknown(type_, data), None) is not None


def _unknown(type_: str, data: JSON) -> Iterator[tuple[str, str, _Shape]]:
    if type_ in MODELS and isinstance(data, dict):
        yield from _within("data", data, _shape(MODELS[type_]))


def _within(path: str, said: Mapping[str, JSON], shape: _Shape) -> Iterator[tuple[str, str, _Shape]]:
    """Where a field stands that is not known, its name, and those that are known there."""
    if not said.keys() <= shape.names:
        yield from (
            (path, name, shape) for name, value in said.items() if name not in shape.names and value is not None
        )
    for name, inner in shape.inner.items():
        if isinstance(value := said.get(name), dict):
            yield from _within(f"{path}.{name}", value, inner)


@cache
def _shape(model: type[Model]) -> _Shape:
    inner = {name: _inner(info.annotation) for name, info in model.model_fields.items()}
    return _Shape(frozenset(inner), {name: shape for name, shape in inner.items() if shape is not None})


def _inner(annotation: Any) -> _Shape | None:
    """Of a field that holds an object with fields of its own."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, Model):
            return _shape(each)
    return None
