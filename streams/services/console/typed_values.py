"""Numbers, amounts of money and spans of time as people type them into a form, and as a form shows them. Pure.

A number is read as its language writes it: `1,500.50` in English, `1 500,50` in French, and with a point and one or two
digits in both. Whatever could mean two numbers is none.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import NumberFormatError, get_currency_symbol, parse_decimal

from events.adapters.values import decimals
from streams.domain.money import sign_of
from streams.services.console.words import Language

_LOCALES: Mapping[Language, str] = {"en": "en_US", "fr": "fr"}
_LONGEST = 40
_GROUPS = "\u202f"
"""What stands between thousands in French; people type a space, or copy one that does not break."""
_spaces = re.compile(r"[ \u00a0\u202f]+").sub
_is_number = re.compile(r"[+-]?[0-9.,\u202f]+").fullmatch
_is_plain = re.compile(r"[+-]?[0-9]+\.[0-9]{1,2}").fullmatch
_is_span = re.compile(r"([0-9]{1,5}) ?([^\W\d_]+)").fullmatch
_UNITS: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("m", "min", "minute", "minutes"), ("m", 1)),
    **dict.fromkeys(("h", "hour", "hours", "heure", "heures"), ("h", 1)),
    **dict.fromkeys(("d", "day", "days", "j", "jour", "jours"), ("d", 1)),
    **dict.fromkeys(("w", "week", "weeks", "semaine", "semaines"), ("d", 7)),
}
"""What a unit of time is in a file, and how many of these."""
_NAMES: Mapping[Language, Mapping[str, tuple[str, str]]] = {
    "en": {"m": ("minute", "minutes"), "h": ("hour", "hours"), "d": ("day", "days")},
    "fr": {"m": ("minute", "minutes"), "h": ("heure", "heures"), "d": ("jour", "jours")},
}
_in_file = re.compile(r"([0-9]{1,5})([mhd])").fullmatch


def typed_number(text: str, language: Language) -> Decimal | None:
    """The number; None: it is none, or could be two."""
    found = _spaces(_GROUPS, text.strip())
    if len(found) > _LONGEST or _is_number(found) is None:
        return None
    if _is_plain(found):
        return Decimal(found)
    if language == "fr" and "." in found:
        return None
    try:
        return parse_decimal(found, locale=_LOCALES[language], strict=True)
    except NumberFormatError:
        return None


def typed_amount(text: str, currency: str, language: Language) -> int | None:
    """Minor units of an amount that is typed in whole ones, with or without its currency; None: it is none."""
    number = typed_number(_without_currency(text.strip(), currency), language)
    if number is None:
        return None
    minor = number.scaleb(decimals(currency))
    return int(minor) if minor == minor.to_integral_value() else None


def typed_span(text: str) -> str | None:
    """The span as a file has it: `30 days`, `30 jours`, `30d` are `30d`, and two weeks are `14d`; None: it is none."""
    found = _is_span(_spaces(" ", text.strip()).lower())
    if found is None or found[2] not in _UNITS:
        return None
    unit, times = _UNITS[found[2]]
    return f"{found[1] if times == 1 else int(found[1]) * times}{unit}"


def number_text(number: float | Decimal, language: Language) -> str:
    """A number as a field shows it."""
    text = f"{number:f}" if isinstance(number, Decimal) else str(number)
    return text.replace(".", ",") if language == "fr" else text


def amount_text(minor: int, currency: str, language: Language) -> str:
    """Minor units as a field shows the amount: `50`, `50.50`."""
    amount = Decimal(minor).scaleb(-decimals(currency))
    return number_text(amount.to_integral_value() if amount == amount.to_integral_value() else amount, language)


def span_text(span: str, language: Language) -> str:
    """A span of a file as a field shows it: `30 days`."""
    found = _in_file(span)
    if found is None:
        return span
    one, other = _NAMES[language][found[2]]
    return f"{found[1]} {one if found[1] == '1' else other}"


def _without_currency(text: str, currency: str) -> str:
    """An amount without the sign or the code of its currency before or behind it."""
    signs = {currency, sign_of(currency), *(get_currency_symbol(currency, each) for each in _LOCALES.values())}
    for sign in sorted(signs - {""}, key=len, reverse=True):
        if text.upper().startswith(sign.upper()):
            return text[len(sign) :]
        if text.upper().endswith(sign.upper()):
            return text[: -len(sign)]
    return text
