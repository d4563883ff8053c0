"""Finds fields of `data` that its type does not have: they are accepted and have no effect, but may be misspelled.

Their sender is told, before an e-mail that asks for money counts as information because it has `purpos`.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, get_args

from events.fields import Model
from events.json_types import JSON
from events.opening_words import TIME_SENT
from events.registry import MODELS
from events.spelling import is_safe_to_repeat, nearest_name

MOST_TOLD = 20
"""The most unknown fields that are reported of one event."""


class _Shape(NamedTuple):
    """The names of an object's fields, and the shapes of those that are objects."""

    names: frozenset[str]
    inner: Mapping[str, "_Shape"]


class UnknownField(NamedTuple):
    """An unknown field; `field`: its path, with `*` for a name that may be an address; `near`: a known name like it."""

    type: str
    field: str
    near: str | None

    def __str__(self) -> str:
        meant = f"did you mean {self.near}? It" if self.near else "it"
        return f"{self.field}: no field of {self.type}; {meant} is taken, and counts for nothing"


def unknown_fields(type_: str, data: JSON, most: int = MOST_TOLD) -> list[UnknownField]:
    """The unknown fields of `data` of a known type, in order, at most `most` of them."""
    return [
        UnknownField(
            type_, f"{path}.{name if is_safe_to_repeat(name) else '*'}", nearest_name(name, sorted(shape.names))
        )
        for path, name, shape in islice(_unknown(type_, data), most)
    ]


def has_unknown_fields(type_: str, data: JSON) -> bool:
    """Whether `data` has unknown fields; far faster than to find what their names are meant for."""
    return next(_unknown(type_, data), None) is not None


def _unknown(type_: str, data: JSON) -> Iterator[tuple[str, str, _Shape]]:
    if type_ in MODELS and isinstance(data, dict):
        yield from (each for each in _within("data", data, _shape(MODELS[type_])) if each[:2] != ("data", TIME_SENT))


def _within(path: str, said: Mapping[str, JSON], shape: _Shape) -> Iterator[tuple[str, str, _Shape]]:
    """For each unknown field the path of its object, its name, and the shape of the object."""
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
    """The shape of a field that holds an object with fields, None for others."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, Model):
            return _shape(each)
    return None
