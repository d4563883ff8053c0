"""Times as options give them."""

from streams.cli.failures import WRONG_USE, refuse
from streams.replay.selection import moment


def moment_given(option: str, text: str | None) -> int | None:
    """A date or an RFC 3339 time in ms since 1970; None: not given. Ends the command where it is neither."""
    found = None if text is None else moment(text)
    if text is not None and found is None:
        refuse(f"{option}: give a date, such as 2012-02-22, or an RFC 3339 time with an offset", WRONG_USE)
    return found
