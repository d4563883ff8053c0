"""The human opens and clicks that have settled, by the hour: an experiment counts those of a window of its own.

An outcome may be known before the assignment is, so they are kept of everybody, for as long as a window may reach back.
"""

from collections.abc import Collection, Mapping
from typing import TypeAlias

HOUR = 3_600_000

KEPT = 400 * 24 * HOUR
"""How far back (ms) from the clock of a state they are known."""

ByHour: TypeAlias = dict[int, int]
"""Expected human acts in thousandths by the hour in which they were, in whole hours since 1970; in order."""


def oldest(clock: int) -> int:
    """The first hour that counts at `clock` (ms)."""
    return (clock - KEPT) // HOUR


def added(known: ByHour, acts: Collection[tuple[int, int]], since: int) -> ByHour:
    """`known` with more acts, each a time (ms) and thousandths, without the hours before `since`."""
    if not acts and (not known or next(iter(known)) >= since):
        return known
    after = {hour: milli for hour, milli in known.items() if hour >= since}
    for time, milli in acts:
        hour = time // HOUR
        if milli and hour >= since:
            after[hour] = after.get(hour, 0) + milli
    return dict(sorted(after.items()))


def both_hours(one: ByHour, other: Mapping[int, int]) -> ByHour:
    """What two parts of a person add up to."""
    if not other:
        return one
    after = dict(one)
    for hour, milli in other.items():
        after[hour] = after.get(hour, 0) + milli
    return dict(sorted(after.items()))
