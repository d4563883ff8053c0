"""Mapping files, which say in TOML what the columns of a campaign's own export mean.

Each `[[interactions]]` is an interaction that a row may hold; one row may hold a text, its answer and a STOP. A field
is a constant or `{ column = "…" }`; of a JSON line a column may be a path, `person.email`. Blank cells count as absent.
A value that the mapping does not list is refused, never guessed, unless there is a `default`.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from events.adapters.values import milliseconds, seconds
from events.json_types import JSON
from events.near_types import UNKNOWN_TYPE, unknown_type
from events.refusal import Refusal
from events.registry import MODELS
from events.unknown_fields import UnknownField, unknown_fields
from events.validation_messages import in_plain_words

Kind = Literal["text", "lower", "integer", "amount", "boolean", "time", "list"]
Constant = Annotated[str | int | bool, Field(union_mode="left_to_right")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Column(_Strict):
    """A field that is read from a column.

    `kind`: how the cell is read; `amount` is in major units and becomes minor ones, `list` is split at `separator`.
    `values`: the meaning of each value of the cell, compared without case. `default`: for a blank cell, and for one
    that `values` does not list. `prefix` goes before the text. `zone`: the time zone of a time that names none.
    `format`: the format of a time that is not ISO 8601 (`%m/%d/%Y %I:%M %p`), since 3/4 and 4/3 look alike; `unix` and
    `unix_ms`: seconds and milliseconds since 1970.
    """

    column: Annotated[str, Field(min_length=1)]
    kind: Kind = "text"
    values: dict[str, Constant] | None = None
    default: Constant | None = None
    prefix: str = ""
    separator: str = ","
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    zone: str | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if self.values is not None and self.kind not in ("text", "lower"):
            raise ValueError("values: are for columns of text; leave out kind")
        if self.format is not None and not _can_be_read(self.format):
            raise ValueError(
                "format: give unix or unix_ms (seconds or milliseconds since 1970), or a format of Python's strptime "
                "that has the year, such as %m/%d/%Y %I:%M %p"
            )
        return self


SINCE_1970: Mapping[str, Callable[[JSON, str], int | Refusal]] = {"unix": seconds, "unix_ms": milliseconds}
"""The formats of times that are numbers, and how they are read."""


def _can_be_read(format_: str) -> bool:
    """Whether times can be meant by a format. One without a year reads every time as one of 1900, or reads none."""
    if format_ in SINCE_1970:
        return True
    try:
        read = datetime.strptime(_SOME_DAY.strftime(format_), format_)  # noqa: DTZ007 (only whether it can be)
    except (ValueError, re.error):
        return False
    return read.year == _SOME_DAY.year


_SOME_DAY = datetime(2012, 2, 3, 4, 5, 6, tzinfo=UTC)


class RowCondition(_Strict):
    """A condition on a row: its cell has one of these values, compared without case ("" is a blank cell).

    Without values: the cell is not blank.
    """

    column: Annotated[str, Field(min_length=1)]
    values: list[str] | None = None


def _shape(value: object) -> str:
    """Which kind of field a value is, so that a mistake in it is reported once and for that kind."""
    if isinstance(value, Column) or (isinstance(value, dict) and "column" in value):
        return "a column"
    return "fields" if isinstance(value, dict) else "a constant"


FieldSource = Annotated[
    Annotated[Column, Tag("a column")] | Annotated[Constant, Tag("a constant")],
    Discriminator(_shape),
]
FieldTree = dict[
    str,
    Annotated[
        Annotated[Column, Tag("a column")]
        | Annotated[dict[str, FieldSource], Tag("fields")]
        | Annotated[Constant, Tag("a constant")],
        Discriminator(_shape),
    ],
]
"""Fields by name; a field may have fields of its own, such as `external`."""


MOST_FIELDS = 1_000
"""The most fields of a row that are checked for unknown ones."""


def _filled(tree: FieldTree) -> dict[str, JSON]:
    """Example data that has all fields of a mapping."""
    return {name: dict.fromkeys(said, True) if isinstance(said, dict) else True for name, said in tree.items()}


class RowMapping(_Strict):
    """The mapping of one interaction of a row. `act`: the columns that identify it.

    `part`: which one it is, where one row says several of one type, such as a yes to e-mail and one to texts.
    """

    type: FieldSource
    time: Column
    act: Annotated[list[str], Field(min_length=1)]
    part: str = ""
    when: list[RowCondition] = []
    contact: FieldTree
    data: FieldTree = {}

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        for type_ in self.types():
            if type_ not in MODELS:
                raise ValueError(unknown_type(type_) if isinstance(type_, str) else UNKNOWN_TYPE)
        if self.time.values is not None:
            raise ValueError("time: is read from a column, not looked up")
        return self

    def types(self) -> tuple[Constant, ...]:
        """The types that a row may have, as far as the mapping says; none where a cell holds the type."""
        return tuple((self.type.values or {}).values()) if isinstance(self.type, Column) else (self.type,)

    def unknown_fields(self) -> Iterator[UnknownField]:
        """The fields that none of the row's types has: they are sent, and may be misspelled known ones."""
        types = [type_ for type_ in dict.fromkeys(self.types()) if isinstance(type_, str)]
        filled = {**_filled(self.data), "contact": _filled(self.contact)}
        found = [{one.field: one for one in unknown_fields(type_, filled, MOST_FIELDS)} for type_ in types]
        for field in found[0] if found else ():
            if all(field in those for those in found):
                near = next((those[field].near for those in found if those[field].near), None)
                yield UnknownField(" or ".join(types), field.replace("data.contact.", "contact.", 1), near)

    def assumed_currency(self) -> str | None:
        """What is assumed of a gift whose row says no currency; None: nothing, it is refused."""
        said = self.data.get("currency")
        if not isinstance(said, Column) or said.default is None:
            return None
        cell = "is blank" if said.values is None else "is blank, or has a value that is not listed,"
        cure = "leave out default to have such rows refused"
        return f"data.currency: a gift whose column {said.column} {cell} counts as {said.default}; {cure}"

    def columns(self) -> Iterator[str]:
        """Every column that the mapping reads."""
        yield from self.act
        yield self.time.column
        yield from (one.column for one in self.when)
        for tree in (self.contact, self.data, {"type": self.type}):
            for said in tree.values():
                for one in said.values() if isinstance(said, dict) else (said,):
                    if isinstance(one, Column):
                        yield one.column


class MappingFile(_Strict):
    """A whole mapping file. `name` is part of the ids, so that rows of two mappings are never taken for one act."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
    interactions: Annotated[list[RowMapping], Field(min_length=1)]

    def columns(self) -> frozenset[str]:
        """Every column that the mapping reads."""
        return frozenset(column for one in self.interactions for column in one.columns())

    def unknown_fields(self) -> list[str]:
        """A warning for each field that its type does not have, with its place."""
        return [
            f"interactions.{place}.{unknown}"
            for place, one in enumerate(self.interactions)
            for unknown in one.unknown_fields()
        ]

    def assumed_currencies(self) -> list[str]:
        """A remark on each currency that is assumed where a row says none, with its place."""
        found = ((place, one.assumed_currency()) for place, one in enumerate(self.interactions))
        return [f"interactions.{place}.{remark}" for place, remark in found if remark is not None]


class InvalidMapping(ValueError):
    """A mapping file is invalid. The text names each field and the cure."""


def parse_mapping(text: str) -> MappingFile:
    """Parse a mapping file's text. Raises `InvalidMapping`."""
    try:
        read: JSON = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidMapping(f"not TOML: {error}") from error
    try:
        return MappingFile.model_validate(read)
    except ValidationError as error:
        raise InvalidMapping("\n".join(_lines(error))) from error


def _lines(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        where = ".".join(str(step) for step in one["loc"] if step not in _SHAPES)
        cure = in_plain_words(one)
        yield f"{where}: {cure}" if where else cure


_SHAPES = frozenset({"a column", "a constant", "fields", "str", "int", "bool"})
