"""Edges that a fragment sends to `identity-links`: whom it was named with, what was ruled, whom to forget.

A function of what counts, so whatever is taken back is withdrawn, and what is said again is not told again. Only what
the fragment itself heard takes an edge back: if a retraction under another identifier of the person could, it would
part the two, and so no longer reach what it had retracted.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from events.identity_links import (
    CommandStamp,
    DecisionWithdrawal,
    EdgeEnd,
    EdgeWithdrawal,
    ErasureCompletion,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    LinkDecision,
    decision_on,
    edge_between,
    write_link,
)
from streams.domain.contact.facts.command_details import LinkRuling
from streams.domain.contact.facts.retractions import is_retracted, retractions
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.state import ContactState, Fact, Retraction

Told = dict[bytes, IdentityLink]


def told(fragment: str, state: ContactState) -> Told:
    """All that holds of a fragment, by the key of its record in `identity-links`."""
    if is_silent(state):
        return {}
    named = _named(fragment, state)
    links = chain(_edges(fragment, named), _rulings(state), _about_itself(fragment, state, named))
    return {write_link(link)[0]: link for link in links}


def news(fragment: str, before: ContactState, after: ContactState, erasing: Iterable[Fact] = ()) -> list[IdentityLink]:
    """What is to be told after a step. `erasing`: the commands in it by which the fragment was erased.

    An erasure is told while the links agent knows everybody whom it concerns, so after what its command itself names
    and before anything is withdrawn.
    """
    if _says_the_same(before, after):
        return []
    was, now = told(fragment, before), told(fragment, after)
    asked = None if after.place is None else after.place.asked
    if asked is None or (before.place is not None and before.place.asked == asked):
        return [*_withdrawn(link for key, link in was.items() if key not in now), *_changed(was, now)]
    named = {fact.carried for fact in erasing if isinstance(fact.carried, CarriedIdentifiers)}
    last = {write_link(link)[0]: link for link in chain(_edges(fragment, named), _classes(fragment, named))}
    erased = FragmentErasure(fragment, asked.time, asked.source, asked.id)
    del now[write_link(erased)[0]]
    was = {key: link for key, link in was.items() if not isinstance(link, FragmentErasure)}
    return [*_changed(was, last), erased, *_withdrawn((was | last).values()), *now.values()]


def answers(fragment: str, state: ContactState) -> list[IdentityLink]:
    """What a fragment says to the question of which class it is: that, or that it does not know.

    What it does not tell of itself otherwise, since its edges do, it takes back in the same breath.
    """
    nothing = EdgeWithdrawal(fragment, fragment, fragment)
    if (itself := told(fragment, state).get(write_link(nothing)[0])) is not None:
        return [itself]
    return [*_classes(fragment, [CarriedIdentifiers(exclusive=state.exclusive)]), nothing]


def is_silent(state: ContactState) -> bool:
    """Whether a fragment surely tells nothing; so it is with most."""
    return state.place is None and not (state.carried or state.commands or state.settled.carried)


def _says_the_same(before: ContactState, after: ContactState) -> bool:
    """Whether there is surely nothing to tell: a look that spares most the making of all that holds.

    Where nothing is retracted, all that is in the table counts.
    """
    return (
        before.carried == after.carried
        and before.settled.carried == after.settled.carried
        and before.commands is after.commands
        and _of_itself(before) == _of_itself(after)
        and not any(fact.detail.__class__ is Retraction for fact in after.facts.values())
    )


def _of_itself(state: ContactState) -> tuple[object, ...]:
    place = state.place
    return (state.exclusive, None, False) if place is None else (state.exclusive, place.asked, place.linked)


def _changed(was: Told, now: Told) -> Iterator[IdentityLink]:
    return (link for key, link in now.items() if was.get(key) != link)


def _withdrawn(links: Iterable[IdentityLink]) -> Iterator[IdentityLink]:
    for link in links:
        match link:
            case IdentityEdge():
                yield EdgeWithdrawal(link.teller, link.a, link.b)
            case LinkDecision():
                yield DecisionWithdrawal(link.a, link.b)
            case FragmentErasure():
                yield ErasureCompletion(link.fragment)


def _named(fragment: str, state: ContactState) -> set[CarriedIdentifiers]:
    """What counts of what was named, with what messages named that have settled."""
    named = set(state.settled.carried)
    if not state.carried:
        return named
    gone = retractions(state.facts.values())
    for fact in chain(state.facts.values(), state.commands.values(), state.forgotten.values()):
        if isinstance(fact.carried, int) and fact.carried and not is_retracted(fact, gone):
            carried = state.carried[fact.carried - 1]
            named.add(_alone(fragment, carried) if isinstance(fact.detail, Retraction) else carried)
    return named


def _alone(fragment: str, carried: CarriedIdentifiers) -> CarriedIdentifiers:
    """A retraction links nobody, or it would say again what it takes back; but it is of the same fragment as before."""
    return CarriedIdentifiers((), tuple(pair for pair in carried.aliases if pair[0] == fragment), carried.exclusive)


def _edges(fragment: str, named: Iterable[CarriedIdentifiers]) -> Iterator[IdentityLink]:
    for carried in sorted(named):
        classes = {fragment: carried.exclusive, **dict(carried.others)}
        for other, exclusive in carried.others:
            if other != fragment:
                yield edge_between(
                    fragment, EdgeEnd(fragment, carried.exclusive or None), EdgeEnd(other, exclusive or None)
                )
        for name, older in carried.aliases:
            exclusive = classes.get(name) or ""
            yield edge_between(
                fragment, EdgeEnd(name, exclusive or None), EdgeEnd(older, exclusive or None), alias=True
            )


def _rulings(state: ContactState) -> Iterator[IdentityLink]:
    """Of each pair the latest command that counts."""
    if not state.commands:
        return
    gone = retractions(state.facts.values())
    latest: dict[tuple[str, str], IdentityLink] = {}
    for fact in sorted(state.commands.values(), key=lambda fact: fact.stamp):
        if isinstance(fact.detail, LinkRuling) and not is_retracted(fact, gone):
            by = CommandStamp(fact.time, fact.source, fact.id)
            latest[fact.detail.a, fact.detail.b] = decision_on(
                fact.detail.a, fact.detail.b, same=fact.detail.same, by=by
            )
    yield from latest.values()


def _about_itself(fragment: str, state: ContactState, named: Iterable[CarriedIdentifiers]) -> Iterator[IdentityLink]:
    """An erasure to be carried out; and of which class a fragment is that is linked, if no edge of its own says so."""
    if state.place is None:
        return
    if state.place.asked is not None:
        yield FragmentErasure(fragment, state.place.asked.time, state.place.asked.source, state.place.asked.id)
    if state.place.linked and not any(carried.others or carried.aliases for carried in named):
        yield from _classes(fragment, [CarriedIdentifiers(exclusive=state.exclusive)])


def _classes(fragment: str, named: Iterable[CarriedIdentifiers]) -> Iterator[IdentityLink]:
    for carried in named:
        if carried.exclusive:
            yield edge_between(fragment, EdgeEnd(fragment, carried.exclusive), EdgeEnd(fragment, carried.exclusive))
