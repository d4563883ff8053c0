"""Messages are added up once no copy and no retraction of them may count any more.

The clock for that is the append time of what this contact received, never a wall clock, so that a replay settles the
same messages at the same points. Settling changes what is kept, never what the profile says.
"""

from collections.abc import Collection

from streams.contact.carrying import Table
from streams.contact.live import is_retracted, retractions
from streams.contact.state import MESSAGES, NEVER, WEEK, Fact, Settled
from streams.contact.totals import add, total
from streams.contact.zones import later, whereabouts


def due_at(fact: Fact) -> int:
    """The clock at which `fact` settles: `NEVER`, unless it is a message."""
    return fact.appended_at + WEEK + 1 if fact.type in MESSAGES else NEVER


def settle(facts: Collection[Fact], clock: int, carried: Table) -> tuple[list[Fact], Settled]:
    """The facts to give up at `clock`, and the sum of those of them that count. `facts` are in order."""
    leaving = [fact for fact in facts if due_at(fact) <= clock]
    gone = retractions(facts)
    counted = [fact for fact in leaving if not is_retracted(fact, gone)]
    return leaving, Settled(total(counted), whereabouts(counted), tuple(sorted(carried.named_by(counted))))


def both(one: Settled, other: Settled) -> Settled:
    """What is left of the messages of both."""
    carried = one.carried
    if other.carried and other.carried != carried:
        carried = tuple(sorted({*one.carried, *other.carried}))
    return Settled(add(one.totals, other.totals), later(one.whereabouts, other.whereabouts), carried)
