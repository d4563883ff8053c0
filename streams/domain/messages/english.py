"""The English sentence of a message, as the command line prints it; and the filling of a template in any language."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from events.adapters.values import decimals
from events.times import render_time
from streams.domain.messages.fields import (
    Change,
    CodedMessage,
    Day,
    Duration,
    Expected,
    Field,
    Instant,
    Listed,
    Money,
    PercentagePoints,
    Plural,
    Share,
    Template,
)
from streams.domain.messages.texts import TEMPLATES
from streams.domain.money import money

Show = Callable[[Field, str], str]
"""Writes a field in a language; the text says how, as `tight` of `{share:tight}`, and is empty for the usual way."""
NOTHING = "–"
_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_parse = Formatter().parse


def english(message: CodedMessage) -> str:
    """The sentence of a message. Raises KeyError for a code that has none, and for a field that is missing."""
    template = TEMPLATES[message.code]
    return fill(sentence_of(template, message.fields), message.fields, shown)


def sentence_of(template: Template, fields: Mapping[str, Field]) -> str:
    """The English sentence for the number that decides."""
    if isinstance(template, Plural):
        return template.one if number_of(fields[template.by]) == 1 else template.other
    return template


def number_of(field: Field) -> int:
    """The number in a field that decides between singular and plural; of a list how many it names."""
    if isinstance(field, Listed):
        return len(field.items) + field.left_out
    return field if isinstance(field, int) else 2


def fill(sentence: str, fields: Mapping[str, Field], show: Show) -> str:
    """A sentence with its places filled in. Raises KeyError for a place without a field."""
    return "".join(
        literal + ("" if place is None else show(fields[place], how or ""))
        for literal, place, how, _ in _parse(sentence)
    )


def shown(field: Field, how: str = "") -> str:
    """A field as English writes it."""
    if isinstance(field, str):
        return field
    if isinstance(field, int | float):
        return format(field, how or ",")
    return _WRITTEN[type(field)](field, how)


def _change(change: Change, _: str) -> str:
    now, before = change.now, change.before
    if not before or before < 0 or now is None:
        return NOTHING
    return f"{round(100 * (now - before) / before):+d}%"


def _expected(expected: Expected, _: str) -> str:
    value = expected.thousandths
    return f"{value / 1000:,.1f}" if value < 1_000_000 else f"{value / 1000:,.0f}"


def _day(day: Day, _: str) -> str:
    read = date.fromisoformat(day.date)
    return f"{read:%A}, {read.day} {read:%B %Y}"


def _message(message: CodedMessage, _: str) -> str:
    return english(message)


def _duration(duration: Duration, how: str) -> str:
    return f"{duration.seconds:,.0f} s" if how == "s" else _span(duration.seconds)


def _money(amount: Money, _: str) -> str:
    text = _whole(amount) if amount.whole else money(amount.minor, amount.currency)
    return f"+{text}" if amount.signed and amount.minor > 0 and _is_not_nought(text) else text


def _whole(amount: Money) -> str:
    digits = decimals(amount.currency or "")
    unit = 10**digits
    return money(round(amount.minor / unit) * unit, amount.currency).replace(f".{'0' * digits}", "")


def _is_not_nought(text: str) -> bool:
    return any(sign in "123456789" for sign in text)


def _share(share: Share, how: str) -> str:
    if not share.whole:
        return NOTHING
    return f"{100 * share.part / share.whole:.{share.digits}f}{'' if how == 'tight' else ' '}%"


def _points(field: PercentagePoints, _: str) -> str:
    text = f"{abs(field.points):,.{field.digits}f}"
    sign = "" if not _is_not_nought(text) else "+" if field.points > 0 else "-"
    return f"{sign}{text} pp"


def _instant(instant: Instant, how: str) -> str:
    at = (_EPOCH + timedelta(milliseconds=instant.ms)).astimezone(ZoneInfo(instant.zone))
    if how == "iso":
        return render_time(instant.ms)
    if how == "words":
        return f"{at:%H:%M} on {at.day} {at:%B %Y}"
    if how == "z":
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
    return f"{at:%Y-%m-%d %H:%M}" if how == "minute" else f"{at:%Y-%m-%d %H:%M %Z}"


def _span(seconds: float) -> str:
    """In the largest unit of which it is a whole number; of hours from one on, halves too."""
    if seconds and not seconds % _DAY_S:
        return _so_many(seconds / _DAY_S, "day")
    if not seconds % (_HOUR_S / 2) and (seconds >= _HOUR_S or not seconds):
        return _so_many(seconds / _HOUR_S, "hour")
    return _so_many(seconds, "second") if seconds % _MINUTE_S else _so_many(seconds / _MINUTE_S, "minute")


def _so_many(number: float, unit: str) -> str:
    return f"{number:g} {unit}{'' if number == 1 else 's'}"


def _listed(listed: Listed, joint: str) -> str:
    items = (joint or ", ").join(shown(item) for item in listed.items)
    return f"{items} and {listed.left_out} more" if listed.left_out else items


_WRITTEN: Mapping[type[Field], Callable[[Any, str], str]] = {
    Money: _money,
    Share: _share,
    PercentagePoints: _points,
    Change: _change,
    Expected: _expected,
    Day: _day,
    Instant: _instant,
    Duration: _duration,
    Listed: _listed,
    CodedMessage: _message,
}
