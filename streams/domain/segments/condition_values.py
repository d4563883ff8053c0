"""The values of a segment's conditions, each with what is wrong with one that cannot be: spans of time, numbers, lists.

How far back a span may go follows from what is kept of people.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from streams.domain.contact.sections.human_hours import HOUR
from streams.domain.file_mistakes import wrong
from streams.domain.messages import message
from streams.domain.pressure.policy_values import DAY, parse_span

LONGEST_TOUCHES = 30 * DAY
LONGEST_ACTS = 400 * DAY
LONGEST_RAW_ACTS = 6 * DAY
"""Every open is kept one by one for seven days by the broker's clock; its own time may be an hour ahead of that."""

THOUSANDTHS = 1_000
"""Human opens and clicks are expected numbers, and counted in thousandths."""

LARGEST = 10**15


def _wrong(value: object, cure: str) -> PydanticCustomError:
    return wrong(message("file_mistake.is", value=repr(value)), message(f"file_mistake.{cure}"))


def _window(text: object) -> object:
    if parse_span(text) <= 0:
        raise _wrong(text, "more_than_nothing")
    return text


def _of_touches(text: object) -> object:
    if parse_span(_window(text)) > LONGEST_TOUCHES:
        raise _wrong(text, "touches_known")
    return text


def _of_acts(text: object) -> object:
    found = parse_span(_window(text))
    if found % HOUR:
        raise _wrong(text, "whole_hours")
    if found > LONGEST_ACTS:
        raise _wrong(text, "acts_known")
    return text


Window = Annotated[str, BeforeValidator(_window)]
TouchWindow = Annotated[str, BeforeValidator(_of_touches)]
ActWindow = Annotated[str, BeforeValidator(_of_acts)]


def _number(value: object) -> object:
    if type(value) is not int or abs(value) > LARGEST:
        raise _wrong(value, "whole_number")
    return value


def _thousandths(value: object) -> object:
    if type(value) not in (int, float) or not 0 <= value <= LARGEST:  # type: ignore[operator]
        raise _wrong(value, "expected_number")
    if round(value * THOUSANDTHS) / THOUSANDTHS != value:  # type: ignore[operator]
        raise _wrong(value, "three_digits")
    return value


Number = Annotated[int, BeforeValidator(_number)]
Expected = Annotated[int | float, BeforeValidator(_thousandths)]


def each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Several values, one at least and none of them twice."""
    if not values:
        raise wrong(message("file_mistake.empty"), message("file_mistake.name_one"))
    if len(set(values)) < len(values):
        raise wrong(message("file_mistake.names_twice"), message("file_mistake.name_once"))
    return values


def _mails(value: object) -> object:
    if type(value) is not int or not 1 <= value <= 50:
        raise _wrong(value, "mails")
    return value


Mails = Annotated[int, BeforeValidator(_mails)]
"""How many e-mails, the latest."""


def ms(window: str | None) -> int | None:
    """A window in milliseconds; None: all that is known."""
    return None if window is None else parse_span(window)
