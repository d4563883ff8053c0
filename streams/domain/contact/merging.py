"""Merges the states of two fragments of one person."""

from collections.abc import Iterable, Mapping
from operator import attrgetter

from msgspec.structs import replace

from streams.domain.contact.codec import encode_fact
from streams.domain.contact.compaction import both, size_of_mail
from streams.domain.contact.facts.forgotten_provenance import bare_form, without_forgotten
from streams.domain.contact.facts.identifier_table import numbered, renumbered, size_of
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.sections.addresses import explicit
from streams.domain.contact.state import ContactState, Fact, Key, Settled


def merge(a: ContactState, b: ContactState) -> ContactState:
    """All that either knows. Settles nothing, so it does not matter which of several states meet first."""
    table = tuple(sorted({*a.carried, *b.carried}))
    facts = _union(_at(table, a, a.facts), _at(table, b, b.facts))
    commands = _union(_at(table, a, a.commands), _at(table, b, b.commands))
    forgotten = _union(_at(table, a, a.forgotten), _at(table, b, b.forgotten))
    facts, forgotten = without_forgotten(facts, forgotten, commands.values())
    table, (facts, commands, forgotten) = numbered(table, in_order(facts.values()), commands, forgotten)
    settled = both(a.settled, b.settled)
    return ContactState(
        facts=facts,
        settled=settled,
        clock=max(a.clock, b.clock),
        due=min(a.due, b.due),
        weight=weigh((facts, commands, forgotten), table, settled),
        version=max(a.version, b.version),
        commands=commands,
        carried=table,
        exclusive=a.exclusive or b.exclusive,
        place=a.place or b.place,
        given=a.given if a.given.names else b.given,
        forgotten=forgotten,
    )


def person(fragments: Mapping[str, ContactState]) -> ContactState:
    """What fragments of one person, by name, amount to together: as much of `merge` as a profile needs."""
    if len(fragments) == 1:
        return next(iter(fragments.values()))
    states = [explicit(name, state) for name, state in fragments.items()]
    table = tuple(sorted({carried for state in states for carried in state.carried}))
    facts: dict[Key, Fact] = {}
    commands: dict[Key, Fact] = {}
    settled = Settled()
    for state in states:
        facts = _union(facts, _at(table, state, state.facts))
        commands = _union(commands, state.commands)
        settled = both(settled, state.settled)
    return ContactState(
        facts=in_order(facts.values()),
        settled=settled,
        clock=max(state.clock for state in states),
        due=min(state.due for state in states),
        commands=commands,
        carried=table,
        mixed=True,
    )


def weigh(groups: Iterable[dict[Key, Fact]], table: tuple[CarriedIdentifiers, ...], settled: Settled) -> int:
    """The bytes that all of this takes in an encoded state."""
    kept = sum(len(encode_fact(fact)) for group in groups for fact in group.values())
    return kept + size_of(table) + size_of(settled.carried) + size_of_mail(settled)


def _at(table: tuple[CarriedIdentifiers, ...], state: ContactState, facts: dict[Key, Fact]) -> dict[Key, Fact]:
    return renumbered(facts, state.carried, table) if state.carried and state.carried != table else facts


def _union(one: dict[Key, Fact], other: dict[Key, Fact]) -> dict[Key, Fact]:
    if not one or not other:
        return one or other
    known = one.keys() & other.keys()
    return {**one, **other, **{key: first_copy(one[key], other[key]) for key in known}}


def first_copy(one: Fact, other: Fact) -> Fact:
    """The copy that counts: the earlier one where only their times differ, else the one that was appended first.

    Copies on two topics may differ in time: a word that opens something is dated by the record that brought it. So a
    command that forgets may cover one of them alone, of which the bare form is left: that is no other content. Of two
    that were appended at one time the same is taken whichever is asked first.
    """
    time, appended_at = min(one.time, other.time), min(one.appended_at, other.appended_at)
    earliest = replace(one, time=time, appended_at=appended_at)
    if earliest == replace(other, time=time, appended_at=appended_at):
        return earliest
    if one.time != other.time and _is_bare_copy(one, other):
        return replace(min(one, other, key=attrgetter("time")), appended_at=appended_at)
    return min((each for each in (one, other) if each.appended_at == appended_at), key=encode_fact)


def _is_bare_copy(one: Fact, other: Fact) -> bool:
    """Whether one of two copies is what a command that forgets would leave of the other, but for its times."""
    bare = [replace(bare_form(each), time=0, appended_at=0) for each in (one, other)]
    return bare[0] == bare[1] and any(
        replace(each, time=0, appended_at=0) == left for each, left in zip((one, other), bare, strict=True)
    )


_stamp_of = attrgetter("time", "source", "id")
"""`Fact.stamp`, without a call of Python for each."""


def in_order(facts: Iterable[Fact]) -> dict[Key, Fact]:
    """`facts` by key, in the order of their stamps."""
    return {(fact.source, fact.id): fact for fact in sorted(facts, key=_stamp_of)}
