"""Earliest and latest of values that may be unknown."""

from typing import TypeVar

from streams.domain.contact.state import TimestampedValue

_T = TypeVar("_T", int, TimestampedValue)


def latest(one: _T | None, other: _T | None) -> _T | None:
    """The greater of those that are known."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def earliest(one: int | None, other: int | None) -> int | None:
    """The smaller of those that are known."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
