"""Selects a part of history: a time range and interaction types."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from events.registry import MODELS
from events.times import parse_time

_DAY_MS = 86_400_000


class Selection(NamedTuple):
    """Interactions that happened at `since` or later and before `until` (ms since 1970), of `types`; None: no limit."""

    since: int | None = None
    until: int | None = None
    types: frozenset[str] | None = None

    def takes(self, type_: str, time: int) -> bool:
        """Whether an interaction is selected."""
        if self.types is not None and type_ not in self.types:
            return False
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)

    def may_take(self, date: str, type_: str) -> bool:
        """Whether a folder of the lake can hold selected rows; `date` or `type_` empty: the folder has none."""
        if type_ and self.types is not None and type_ not in self.types:
            return False
        day = parse_moment(date) if date else None
        if day is None:
            return True
        return (self.since is None or day + _DAY_MS > self.since) and (self.until is None or day < self.until)


def parse_moment(text: str) -> int | None:
    """A date (its midnight, UTC) or an RFC 3339 time in ms since 1970; None: it is neither."""
    return parse_time(text if "T" in text else f"{text}T00:00:00Z")


def types_named(names: Iterable[str]) -> frozenset[str]:
    """Interaction types matching names and patterns, several in one separated by commas: `donation.*,form.submitted`.

    Raises ValueError with the first name that matches no type.
    """
    found: set[str] = set()
    for name in (part.strip() for text in names for part in text.split(",")):
        matching = {type_ for type_ in MODELS if fnmatchcase(type_, name)}
        if not matching:
            raise ValueError(name)
        found |= matching
    return frozenset(found)
