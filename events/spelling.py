"""What somebody may have meant by a name that nobody knows, and whether that name may be repeated to them."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 40
"""Characters of a name that is compared with others: how long that takes grows with the square of them."""

may_be_repeated = re.compile(f"[A-Za-z][A-Za-z_]{{0,{LONGEST - 1}}}").fullmatch
"""Whether a name can be no address and no number, so that whoever sent it may be told it."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelled most like it; None: none is near, or it is too long to be any."""
    if len(name) > LONGEST:
        return None
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), by_lower, 1)
    return by_lower[found[0]] if found else None
