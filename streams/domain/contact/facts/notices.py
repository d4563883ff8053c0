"""Which notice an interaction says that its person was given: its version, how and when, as a state keeps it.

They stand in the one place that states have for it: a version is a label, in which no `|` fits. So the format of states
is what it was, and a version alone is kept as ever.
"""

from typing import NamedTuple

from events.times import parse_time

_BETWEEN = "|"


class GivenNotice(NamedTuple):
    """A notice that was given. `by`: how. `at` in ms; None: when the interaction happened that says so."""

    version: str
    by: str | None = None
    at: int | None = None


def kept_notice(version: str | None, by: str | None, at: str | None) -> str | None:
    """What a state keeps of what an interaction says; None: nothing, since without a version it names no notice."""
    if version is None or (by is None and at is None):
        return version
    given = None if at is None else parse_time(at)
    return _BETWEEN.join([version, by or "", "" if given is None else str(given)])


def notice_in(kept: str) -> GivenNotice:
    """The notice that a state keeps."""
    version, _, rest = kept.partition(_BETWEEN)
    by, _, at = rest.partition(_BETWEEN)
    return GivenNotice(version, by or None, int(at) if at else None)
