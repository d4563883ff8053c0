"""Two halves of one person in one state."""

from collections.abc import Iterable

from streams.contact.codec import encode_fact
from streams.contact.settling import both
from streams.contact.state import ContactState, Fact, Key


def merge(a: ContactState, b: ContactState) -> ContactState:
    """All that either knows. Settles nothing, so it does not matter which of several states meet first."""
    facts = dict(a.facts)
    weight = a.weight + b.weight
    for key, fact in b.facts.items():
        known = facts.get(key)
        first = fact if known is None else first_copy(known, fact)
        facts[key] = first
        if known is not None:
            weight -= len(encode_fact(fact if first is known else known))
    return ContactState(
        facts=in_order(facts.values()),
        settled=both(a.settled, b.settled),
        clock=max(a.clock, b.clock),
        due=min(a.due, b.due),
        weight=weight,
        version=max(a.version, b.version),
    )


def first_copy(one: Fact, other: Fact) -> Fact:
    """The copy that was appended first; of two at one time the same whichever is asked first."""
    if one.appended_at != other.appended_at:
        return one if one.appended_at < other.appended_at else other
    return min(one, other, key=encode_fact)


def in_order(facts: Iterable[Fact]) -> dict[Key, Fact]:
    """`facts` by key, in the order of their stamps."""
    return {fact.key: fact for fact in sorted(facts, key=lambda fact: fact.stamp)}
