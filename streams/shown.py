"""Words that producers choose, as they may be shown: no address, no number to call, nothing that a terminal obeys."""

import re

HIDDEN = "*"
_is_name = re.compile(r"[A-Za-z0-9_./:+-]{1,80}", re.ASCII).fullmatch
_has_number = re.compile(r"\d{7}|(?<!\d)(?!(?:19|20)\d\d[-./])\d(?:[-./]?\d){9}", re.ASCII).search
"""Seven digits in a row, or ten with marks between them unless they begin as a date does."""


def named(word: str | None) -> str:
    """A source, type or other name; `*` where it does not look like one, `-` where it could not be read."""
    if word is None:
        return "-"
    return word if is_shown(word) else HIDDEN


def is_shown(word: str) -> bool:
    """Whether it looks like a name."""
    return _is_name(word) is not None and _has_number(word) is None


def printable(text: str) -> str:
    """Free text with a `?` for each sign that cannot be seen, such as line breaks and codes of a terminal."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in text)
