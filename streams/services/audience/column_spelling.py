"""Names of columns that are misspelled by one letter: what was meant to name people must not go through unread."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The first of `known` from which `name` differs by one letter: too many, missing, another, or two in turn."""
    return next((each for each in known if name != each and _differ_by_one(name, each)), None)


def _differ_by_one(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    if len(a) != len(b):
        return a[1:] == b or a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
