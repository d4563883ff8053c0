"""Whether two spellings name one sender of texts or calls."""

from events.normalise import has_numbers, normalise_phone

_LEAST = 7
"""Digits of a number that somebody has; short codes have fewer."""


def is_same_sender(one: str, other: str, country: str) -> bool:
    """Whether these are one sender. `country`: whose numbers are written without a country code.

    Where it is none that has numbers, such as the Union, one that is written without a code is whichever ends so.
    """
    if plain_sender(one, country) == plain_sender(other, country):
        return True
    if has_numbers(country):
        return False
    short, long = sorted((_digits(one, country), _digits(other, country)), key=len)
    return any(len(end) >= _LEAST and long.endswith(end) for end in (short, short.removeprefix("0")))


def is_a_number(sender: str, country: str) -> bool:
    """Whether a sender is known for a phone number, however it is written."""
    if normalise_phone(sender, country) is not None:
        return True
    return not has_numbers(country) and len(_digits(sender, country)) >= _LEAST


def plain_sender(sender: str, country: str) -> str:
    """One sender however it is written: a phone number in E.164, else the letters and digits of its short code."""
    return normalise_phone(sender, country) or "".join(filter(str.isalnum, sender)).casefold()


def _digits(sender: str, country: str) -> str:
    """The digits of a phone number, of one in full with its country code; empty: it has letters."""
    plain = plain_sender(sender, country).removeprefix("+")
    return plain.removeprefix("00") if plain.isdecimal() else ""
