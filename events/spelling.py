"""Suggests the known name that an unknown one may be meant for, and says whether a name is safe to repeat."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 40
"""The most characters of a name that is compared: the time grows with their square."""

is_safe_to_repeat = re.compile(f"[A-Za-z][A-Za-z_]{{0,{LONGEST - 1}}}").fullmatch
"""Whether a name can be no address and no number, and so may be repeated in a message."""


def nearest_name(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known name that is spelled most like a name; None: none is near, or it is too long.

    `likeness`: how alike they are at least, 1 for equal ones.
    """
    if len(name) > LONGEST:
        return None
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), sorted(by_lower), 1, likeness)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean NAME?`, to be added to a message about an unknown name; empty where none is near."""
    near = nearest_name(name, known)
    return f"; did you mean {near}?" if near else ""
