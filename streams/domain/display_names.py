"""Words as people are shown them: numbers with their nouns, and names and texts of producers' own choice.

Of the latter no address is shown, no number to call, and nothing that a terminal obeys.
"""

import re
from functools import partial

HIDDEN = "*"
_OF_STAFF = ("operator", "console")
"""What stands before the name of one of the staff, in the source of what they decided."""
_is_name = re.compile(r"[A-Za-z0-9_./:+-]{1,80}", re.ASCII).fullmatch
_without_moments = partial(
    re.compile(
        r"(?<!\d)(?:19|20)\d\d([-./_])(?:0\d|1[0-2])\1[0-3]\d"
        r"(?:T[0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[+-]\d\d:\d\d)?)?(?!\d)",
        re.ASCII,
    ).sub,
    "T",
)
"""A name without the dates in it, and the times that follow them."""
_has_number = re.compile(r"\d{7}|(?<!\d)(?!(?:19|20)\d\d[-./])\d(?:[-./:_+]?\d){9}", re.ASCII).search
"""Seven digits in a row, or ten with marks between them unless they begin as a date does."""
_has_address = re.compile(
    r"[-./:_+]at[-./:_+](?:[a-z0-9-]+\.)*[a-z0-9-]+(?:\.|[-_.]dot[-_.])[a-z]{2,}", re.ASCII | re.IGNORECASE
).search
"""An e-mail address whose sign is spelled out, `ada-at-example.org`."""


def named(word: str | None) -> str:
    """A source, type or other name; `*` where it does not look like one, `-` where it could not be read."""
    if word is None:
        return "-"
    return word if is_shown(word) else HIDDEN


def is_shown(word: str) -> bool:
    """Whether it looks like a name."""
    if _is_name(word) is None:
        return False
    return _has_number(_without_moments(word)) is None and _has_address(word) is None


def without_staff(source: str) -> str:
    """A source as people are told of it about whom it decided: of `operator/NAME` and `console/NAME` not the name."""
    how, _, _ = source.partition("/")
    return how if how in _OF_STAFF else source


def decided_by(source: str) -> str:
    """The source of what one of the staff decided, as the person is told of it: `console`, or else `operator`.

    Whoever gives a command may call themselves as they like, `dpo/jane` too.
    """
    how = without_staff(source)
    return how if how in _OF_STAFF else _OF_STAFF[0]


def printable(text: str) -> str:
    """Free text with a `?` for each sign that cannot be seen, such as line breaks and codes of a terminal."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in text)


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: `1 letter`, `12,000 letters`."""
    return f"{number:,} {one if number == 1 else many}"
