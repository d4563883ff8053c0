"""Values of a policy file: spans of time, counts, amounts and local hours, and the base of its sections."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from events.fields import LABEL_PATTERN
from streams.domain.file_mistakes import wrong
from streams.domain.messages import message


class PolicySection(BaseModel):
    """Base of all sections of a policy file: immutable, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def is_label(value: str) -> bool:
    """Whether a producer can send this as a label."""
    return re.fullmatch(LABEL_PATTERN.removesuffix("$") + r"\Z", value) is not None


def _label(value: str) -> str:
    if not is_label(value):
        raise wrong(f"is {value!r}", "give a word as producers send it: 1 to 128 letters, digits or _ . : / # -")
    return value


Label = Annotated[str, AfterValidator(_label)]
"""What producers send as a label: with any other word nobody would ever meet what asks for it."""

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONTH = 30 * DAY
SHORT_MONTH = 28 * DAY
"""What is never more than a month of the calendar."""

WEEK = 7 * DAY
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
_is_span = re.compile(r"(\d{1,5})([mhd])", re.ASCII).fullmatch
_is_hours = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII).fullmatch

Hours = tuple[int, int]
"""From the first ms of a local day on: when it opens, and when it has closed again."""

CLOSED: Hours = (0, 0)


def parse_span(value: object) -> int:
    """A span of a policy file, such as `"90m"`, in ms. Raises a mistake of the file where it is none."""
    match = _is_span(value) if isinstance(value, str) else None
    if match is None:
        raise wrong(message("file_mistake.is", value=repr(value)), message("file_mistake.span"))
    return int(match[1]) * _UNITS[match[2]]


def _window(value: object) -> int:
    found = parse_span(value)
    if not 0 < found <= MONTH:
        cure = 'give up to "30d" and more than nothing: messages, calls and visits are known for 30 days'
        raise wrong(f"is {value!r}", cure)
    return found


def _gap(value: object) -> int:
    found = parse_span(value)
    if found > MONTH:
        raise wrong(f"is {value!r}", 'give at most "30d": messages, calls and visits are known for 30 days')
    return found


def _until_told(value: object) -> int:
    found = parse_span(value)
    if found > SHORT_MONTH:
        raise wrong(
            f"is {value!r}", 'give at most "28d": people are to be told within a month, and February has no more'
        )
    return found


def _mailing(value: object) -> int:
    found = parse_span(value)
    if not 0 < found <= MONTH:
        raise wrong(f"is {value!r}", 'give up to "30d" and more than nothing: campaigns are remembered for 30 days')
    return found


def _expiry(value: object) -> int:
    found = parse_span(value)
    if not 0 < found <= WEEK:
        raise wrong(f"is {value!r}", 'give up to "7d" and more than nothing: people change their minds')
    return found


def _count(value: object) -> int:
    if type(value) is not int or value < 1:
        raise wrong(f"is {value!r}", "give a whole number of 1 or more; to stop a campaign, hold it")
    return value


def _amount(value: object) -> int:
    if type(value) is not int or value < 1:
        raise wrong(f"is {value!r}", "give minor units, a whole number of 1 or more: 350000 is 3,500 dollars")
    return value


def _hours(value: object) -> Hours:
    if value == "closed":
        return CLOSED
    match = _is_hours(value) if isinstance(value, str) else None
    if match is None:
        raise wrong(f"is {value!r}", 'give local hours such as "09:00-20:00", up to "24:00", or "closed"')
    first, last = (int(match[n]) * HOUR + int(match[n + 1]) * MINUTE for n in (1, 3))
    if not first < last <= DAY:
        raise wrong(f"is {value!r}", 'let it begin before it ends, by "24:00" at the latest')
    return first, last


Span = Annotated[int, BeforeValidator(_gap)]
"""Up to 30 days, in ms; `"0m"` is none."""

Window = Annotated[int, BeforeValidator(_window)]
"""What a cap looks back on, ms."""

Expiry = Annotated[int, BeforeValidator(_expiry)]
"""How long an allow holds, ms."""

Mailing = Annotated[int, BeforeValidator(_mailing)]
"""How long after its latest message a campaign is being sent, ms."""

UntilTold = Annotated[int, BeforeValidator(_until_told)]
"""How long people may be reached before they are told where their data come from, ms; `"0m"`: not at all."""

SPANS = (Span, Window, Expiry, Mailing, UntilTold)
"""All that is written as a span."""

Count = Annotated[int, BeforeValidator(_count)]
Amount = Annotated[int, BeforeValidator(_amount)]
LocalHours = Annotated[Hours, BeforeValidator(_hours)]
