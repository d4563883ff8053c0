"""Messages for people as data: a code that programs compare, and typed fields, so that each language has its own words.

Fields are values, never formatted text: who renders a message knows the language, and with it how numbers, money and
times are written. In JSON each kind of field names itself (`type`), so that another program can read it back.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from streams.domain.display_names import printable


class Money(Struct, frozen=True, tag=True):
    """An amount in minor units of `currency` (ISO 4217).

    `signed`: it is a difference, and has a sign also above 0; `whole`: it is shown without cents.
    """

    minor: float
    currency: str | None
    signed: bool = False
    whole: bool = False


class Share(Struct, frozen=True, tag=True):
    """`part` of `whole`, shown in per cent with so many digits; of nothing where `whole` is 0."""

    part: float
    whole: float = 1
    digits: int = 0


class PercentagePoints(Struct, frozen=True, tag=True):
    """A difference of two shares, in percentage points, shown with its sign."""

    points: float
    digits: int = 2


class Change(Struct, frozen=True, tag=True):
    """How much more `now` is than `before`, in whole per cent of that; a dash where either says nothing."""

    now: float | None
    before: float | None


class Expected(Struct, frozen=True, tag=True):
    """An expected number, in thousandths: `17.9` clicks, of a million and more without the tenth."""

    thousandths: int


class Day(Struct, frozen=True, tag=True):
    """A day with its weekday. `date`: as `2012-11-06`."""

    date: str


class Instant(Struct, frozen=True, tag=True):
    """A moment, ms since 1970, to be shown by the clock of `zone` (IANA)."""

    ms: int
    zone: str = "UTC"


class Duration(Struct, frozen=True, tag=True):
    """A span of time in seconds."""

    seconds: float


class Listed(Struct, frozen=True, tag=True):
    """Several values in a row. `left_out`: how many there are besides these."""

    items: tuple["Field", ...]
    left_out: int = 0


class CodedMessage(Struct, frozen=True, tag=True):
    """Something to be told to people. `code`: a key of `TEMPLATES`; `fields`: by the places of its sentence."""

    code: str
    fields: Mapping[str, "Field"] = {}


Field: TypeAlias = (
    str
    | int
    | float
    | Money
    | Share
    | PercentagePoints
    | Change
    | Expected
    | Day
    | Instant
    | Duration
    | Listed
    | CodedMessage
)
"""A value of a message; a message may be part of another one."""


class Plural(Struct, frozen=True):
    """The sentences of a code of which the number in the field `by` decides: of one, and of any other number."""

    by: str
    one: str
    other: str


Template: TypeAlias = str | Plural
"""An English sentence with `{place}` for each field.

What follows a colon (`{share:tight}`) is how English writes the field, and no business of other languages.
"""


def message(code: str, **fields: Field) -> CodedMessage:
    """A message with these fields."""
    return CodedMessage(code, fields)


def visible(field: Field) -> Field:
    """A field with a `?` for each control character in its texts, which may be of producers' own choice."""
    if isinstance(field, str):
        return printable(field)
    if isinstance(field, Listed):
        return Listed(tuple(map(visible, field.items)), field.left_out)
    return visible_message(field) if isinstance(field, CodedMessage) else field


def visible_message(told: CodedMessage) -> CodedMessage:
    """A message with the texts of its fields as `visible` gives them."""
    return CodedMessage(told.code, {place: visible(field) for place, field in told.fields.items()})
