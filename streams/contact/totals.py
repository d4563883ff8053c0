"""What is only counted. Kept and settled messages go through the same sums, so settling cannot change a profile."""

from collections.abc import Sequence

from streams.contact.known import earliest, latest
from streams.contact.state import Fact, Totals


def total(facts: Sequence[Fact]) -> Totals:
    """The sum of `facts`, which are in order."""
    if not facts:
        return Totals()
    counts: dict[str, int] = {}
    for fact in facts:
        counts[fact.type] = counts.get(fact.type, 0) + 1
    return Totals(
        counts=counts,
        first=facts[0].time,
        last=facts[-1].time,
        last_opened=_last(facts, "email.opened") if "email.opened" in counts else None,
        last_clicked=_last(facts, "email.clicked") if "email.clicked" in counts else None,
    )


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


def _last(facts: Sequence[Fact], kind: str) -> int:
    return next(fact.time for fact in reversed(facts) if fact.type == kind)
