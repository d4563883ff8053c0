"""Counts of interactions, and the first and last times.

Kept and settled messages go through the same sums, so settling cannot change a profile.
"""

from collections.abc import Sequence

from streams.domain.contact.optional import earliest, latest
from streams.domain.contact.state import ActivityTotals, Fact


def total(facts: Sequence[Fact]) -> ActivityTotals:
    """The sum of `facts`, which are in order."""
    if not facts:
        return ActivityTotals()
    counts: dict[str, int] = {}
    last: dict[str, int] = {}
    for fact in facts:
        kind = fact.type
        counts[kind] = counts.get(kind, 0) + 1
        last[kind] = fact.time
    return ActivityTotals(counts, facts[0].time, facts[-1].time, last.get("email.opened"), last.get("email.clicked"))


def add(one: ActivityTotals, other: ActivityTotals) -> ActivityTotals:
    """Both sums in one."""
    if not other.counts:
        return one
    counts = dict(one.counts)
    for kind, count in other.counts.items():
        counts[kind] = counts.get(kind, 0) + count
    return ActivityTotals(
        counts=counts,
        first=earliest(one.first, other.first),
        last=latest(one.last, other.last),
        last_opened=latest(one.last_opened, other.last_opened),
        last_clicked=latest(one.last_clicked, other.last_clicked),
    )
