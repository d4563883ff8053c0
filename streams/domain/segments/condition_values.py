"""The values of a segment's conditions, each with what is wrong with one that cannot be: spans of time, numbers, lists.

How far back a span may go follows from what is kept of people.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator

from streams.domain.contact.sections.human_hours import HOUR
from streams.domain.file_mistakes import wrong
from streams.domain.pressure.policy_values import DAY, parse_span

LONGEST_TOUCHES = 30 * DAY
LONGEST_ACTS = 400 * DAY
LONGEST_RAW_ACTS = 6 * DAY
"""Every open is kept one by one for seven days by the broker's clock; its own time may be an hour ahead of that."""

THOUSANDTHS = 1_000
"""Human opens and clicks are expected numbers, and counted in thousandths."""

LARGEST = 10**15


def _window(text: object) -> object:
    if parse_span(text) <= 0:
        raise wrong(f"is {text!r}", 'give more than nothing, such as "12h" or "30d"')
    return text


def _of_touches(text: object) -> object:
    if parse_span(_window(text)) > LONGEST_TOUCHES:
        raise wrong(f"is {text!r}", 'give at most "30d": touches are known for 30 days')
    return text


def _of_acts(text: object) -> object:
    found = parse_span(_window(text))
    if found % HOUR:
        raise wrong(f"is {text!r}", 'give whole hours or days, such as "36h": opens and clicks are counted by the hour')
    if found > LONGEST_ACTS:
        raise wrong(f"is {text!r}", 'give at most "400d": opens and clicks are known for 400 days')
    return text


Window = Annotated[str, BeforeValidator(_window)]
TouchWindow = Annotated[str, BeforeValidator(_of_touches)]
ActWindow = Annotated[str, BeforeValidator(_of_acts)]


def _number(value: object) -> object:
    if type(value) is not int or abs(value) > LARGEST:
        raise wrong(f"is {value!r}", "give a whole number, such as 1; amounts are minor units: 5000 is 50 dollars")
    return value


def _thousandths(value: object) -> object:
    if type(value) not in (int, float) or not 0 <= value <= LARGEST:  # type: ignore[operator]
        raise wrong(f"is {value!r}", "give a number of 0 or more, such as 1 or 0.5")
    if round(value * THOUSANDTHS) / THOUSANDTHS != value:  # type: ignore[operator]
        raise wrong(f"is {value!r}", "give at most three digits after the point")
    return value


Number = Annotated[int, BeforeValidator(_number)]
Expected = Annotated[int | float, BeforeValidator(_thousandths)]


def each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Several values, one at least and none of them twice."""
    if not values:
        raise wrong("is empty", "name at least one")
    if len(set(values)) < len(values):
        raise wrong("names one twice", "name each once")
    return values


def _mails(value: object) -> object:
    if type(value) is not int or not 1 <= value <= 50:
        raise wrong(f"is {value!r}", "give a whole number of e-mails from 1 to 50, such as 5")
    return value


Mails = Annotated[int, BeforeValidator(_mails)]
"""How many e-mails, the latest."""


def ms(window: str | None) -> int | None:
    """A window in milliseconds; None: all that is known."""
    return None if window is None else parse_span(window)
