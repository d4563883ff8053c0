"""Times as options give them."""

from __future__ import annotations

from streams.cli.failures import WRONG_USE, refuse


def moment_given(option: str, text: str | None) -> int | None:
    """A date or an RFC 3339 time in ms since 1970; None: not given. Ends the command where it is neither."""
    from streams.history.lake.selection import parse_moment

    found = None if text is None else parse_moment(text)
    if text is not None and found is None:
        refuse(f"{option}: give a date, such as 2012-02-22, or an RFC 3339 time with an offset", WRONG_USE)
    return found


def span_given(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """What `--from` and `--to` say. Ends the command where there is no time between them."""
    first, last = moment_given("--from", since), moment_given("--to", until)
    if first is not None and last is not None and first >= last:
        refuse("--from: give a time before `--to`", WRONG_USE)
    return first, last
