"""What a definition is made of: weights, shares, spans of time, and the two tables that it may have."""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from events.fields import Id

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LONGEST_WINDOW_MS = 90 * DAY_MS
MOST_VARIANTS = 32
MOST_STRATA = 1_000
HEAVIEST = 1_000_000

_UNITS = {"h": HOUR_MS, "d": DAY_MS}
_is_currency = re.compile(r"[A-Z]{3}").fullmatch
_is_span = re.compile(r"([1-9]\d{0,4})([hd])").fullmatch


def definition_mistake(problem: str, cure: str) -> PydanticCustomError:
    """What a validator raises: what is wrong, and what to write instead."""
    return PydanticCustomError("experiment", "{problem}; {cure}", {"problem": problem, "cure": cure})


def window_ms(text: str) -> int:
    """The milliseconds of a window such as `36h` or `7d`, which a day is 24 hours of."""
    match = _is_span(text)
    if match is None:
        raise ValueError("not a span of hours or days")
    return int(match[1]) * _UNITS[match[2]]


def _checked_window(text: str) -> str:
    if _is_span(text) is None or not HOUR_MS <= window_ms(text) <= LONGEST_WINDOW_MS:
        raise definition_mistake(f"is {text[:20]!r}", 'give hours or days, "1h" to "90d", such as "36h" or "7d"')
    return text


def _checked_weight(weight: object) -> object:
    if type(weight) is not int or not 1 <= weight <= HEAVIEST:
        raise definition_mistake(
            "is no weight", f"give a whole number from 1 to {HEAVIEST:,}: two equal halves are 1 and 1, or 50 and 50"
        )
    return weight


def _checked_table_of_weights(split: object) -> object:
    if not isinstance(split, dict):
        raise definition_mistake("is no table of weights", "give each variant its weight, such as { a = 1, b = 1 }")
    return split


def _checked_share(share: object) -> object:
    if type(share) not in (int, float) or not 0 <= share <= 1:  # type: ignore[operator]
        raise definition_mistake("is no share", "give a number from 0 to 1, such as 0.1 for 10 %")
    return share


def _checked_currency(code: object) -> object:
    if isinstance(code, str) and not _is_currency(code):
        raise definition_mistake(f"is {code[:20]!r}", "give three capital letters, such as USD")
    return code


Window = Annotated[str, AfterValidator(_checked_window)]
"""1 hour to 90 days: `36h`, `7d`."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), BeforeValidator(_checked_currency)]
"""As ISO 4217 writes it: `USD`."""

Weight = Annotated[int, BeforeValidator(_checked_weight), Field(json_schema_extra={"minimum": 1, "maximum": HEAVIEST})]
"""Of a variant, to be compared with the weights of the others."""

Share = Annotated[float, BeforeValidator(_checked_share), Field(json_schema_extra={"minimum": 0, "maximum": 1})]
"""A part of everybody, 0 to 1."""

Split = Annotated[
    dict[Id, Weight], Field(min_length=1, max_length=MOST_VARIANTS), BeforeValidator(_checked_table_of_weights)
]
"""Variants with their weights."""


def _open_to_more(schema: dict[str, Any]) -> None:
    """Fields may be added, so readers must not refuse those that they do not know."""
    schema.pop("additionalProperties", None)


class Part(BaseModel):
    """Strict and unchangeable. A key that is not known is an error: a misspelled one must not go unheard."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        json_schema_extra=_open_to_more,
    )


class Exclusion(Part):
    """The slice of a group of experiments that this one owns: from `from` up to but without `to`.

    Each person has one place in a group, so nobody is in two of its experiments whose slices do not overlap.
    """

    group: Id
    from_: Share = Field(alias="from")
    to: Share

    @model_validator(mode="after")
    def _is_a_slice(self) -> Self:
        if self.from_ >= self.to:
            raise definition_mistake("is empty", "give a `from` that is less than `to`, such as from = 0.0, to = 0.5")
        return self


class Strata(Part):
    """The column of a list by which people are told apart, and the strata that have a split of their own."""

    column: Id
    splits: Annotated[dict[Id, Split], Field(max_length=MOST_STRATA)] = {}
