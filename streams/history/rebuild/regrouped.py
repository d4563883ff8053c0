"""Of whom something was heard since: a fragment, whose person it is, and who else is of that person."""

from collections.abc import Callable, Iterable

Pairs = Callable[[], Iterable[tuple[str, str]]]
"""Fragments and the ones under which they are shown, in either of two worlds; asked twice."""


def moved(touched: Iterable[str], links: Pairs) -> set[str]:
    """The fragments `touched`, those under which they are or were shown, and all others there."""
    found = set(touched)
    if found:
        found |= {roof for fragment, roof in links() if fragment in found}
        found |= {fragment for fragment, roof in links() if roof in found}
    return found
