"""What is only counted. Kept and settled messages go through the same sums, so settling cannot change a profile."""

from collections.abc import Sequence

from streams.domain.contact.optional import earliest, latest
from streams.domain.contact.state import Fact, Totals


def total(facts: Sequence[Fact]) -> Totals:
    """The sum of `facts`, which are in order."""
    if not facts:
        return Totals()
    counts: dict[str, int] = {}
    last: dict[str, int] = {}
    for fact in facts:
        kind = fact.type
        counts[kind] = counts.get(kind, 0) + 1
        last[kind] = fact.time
    return Totals(counts, facts[0].time, facts[-1].time, last.get("email.opened"), last.get("email.clicked"))


def add(one: Totals, other: Totals) -> Totals:
    """Both sums in one."""
    if not other.counts:
        return one
    counts = dict(one.counts)
    for kind, count in other.counts.items():
        counts[kind] = counts.get(kind, 0) + count
    return Totals(
        counts=counts,
        first=earliest(one.first, other.first),
        last=latest(one.last, other.last),
        last_opened=latest(one.last_opened, other.last_opened),
        last_clicked=latest(one.last_clicked, other.last_clicked),
    )
