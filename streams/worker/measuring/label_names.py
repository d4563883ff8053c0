"""Bounds names that producers choose, as labels: so many and no more, and none that looks like an address or a number.

Each label value is a time series that Prometheus keeps in memory, and producers can invent names without end.
"""

import re
from collections.abc import Callable, Iterable

OTHER = "other"
_team = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}").fullmatch
_currency = re.compile(r"[A-Z]{3}").fullmatch


class BoundedLabels:
    """Gives a label of its own to each of the first `most` names that look right, and of `kept`; to others `other`."""

    def __init__(self, most: int, looks_right: Callable[[str], bool], kept: Iterable[str] = ()) -> None:
        self._kept = frozenset(kept)
        self._looks_right = looks_right
        self._most = most
        self._seen: set[str] = set()

    def label(self, name: str) -> str:
        """The label for a name: the name, or `other`."""
        if name in self._seen or name in self._kept:
            return name
        if len(self._seen) >= self._most or not self._looks_right(name):
            return OTHER
        self._seen.add(name)
        return name


def is_team(name: str) -> bool:
    """Whether a team's name is a short word: no address, no number, no sentence."""
    return _team(name) is not None


def is_currency(name: str) -> bool:
    """Whether a currency is three capital letters."""
    return _currency(name) is not None
