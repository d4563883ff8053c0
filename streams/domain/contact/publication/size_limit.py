"""The size limit of profiles: which fragments of a large person are shown whole, and what of the others counts.

A fragment has its bound (`fold.ROOM`), but nothing bounds how many of them are one person. Those that weigh most give
way, since one that has thousands of interactions is a machine or a mistake. What somebody asked for never does: a no of
a fragment that is not shown whole still closes what it closed, a retraction still takes back what it retracts, who is
said to be too young is, whoever came from elsewhere is to be told so, and an address that failed has failed. What has
settled is a sum and stays. Commands bind the person whatever is shown here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from events.interactions.canvass import REFUSALS, UNREACHABLE
from events.registry import types_that
from streams.domain.contact.facts.mandatory_facts import protects, says_too_young
from streams.domain.contact.facts.notices import Place, given_at, given_notices, got_at
from streams.domain.contact.facts.retractions import is_retracted, retractions
from streams.domain.contact.sections.provenance import MOST_PLACES
from streams.domain.contact.state import (
    CanvassReport,
    Consent,
    ConsentTerms,
    ContactState,
    Fact,
    Key,
    Origin,
    Retraction,
)

ROOM_FOR_PARTS = 3 << 20
"""Bytes that the fragments of one person may weigh together beside the one that names it, to be shown whole."""

_FAILED = types_that(lambda spec: spec.address_failed)
_NOTHING_ELSE = "provenance.reported"
"""The type of what says where something comes from, and nothing else."""
_SELF = "self"


Fragments = Mapping[str, ContactState]
"""By name; the first one names the person, the others may be in any order."""


class SaidOfAll(NamedTuple):
    """What any fragment of a person may say of the others: what is retracted, and by source when notices were given."""

    gone: Mapping[Key, int]
    given: Mapping[Place, Sequence[int]]


def said_of_all(states: Collection[ContactState]) -> SaidOfAll:
    """What the fragments of one person say of each other."""
    gone = retractions(fact for state in states for fact in state.facts.values())
    return SaidOfAll(gone, given_notices(fact for state in states for fact in _counting(state, gone)))


def shorter_and_shorter(person: Fragments) -> Iterator[Fragments]:
    """What may be shown of a person's fragments, the most of it first; in the end nothing that could be long.

    A profile is not as long as its facts weigh: a character may take six bytes in it.
    """
    for room in (ROOM_FOR_PARTS, ROOM_FOR_PARTS // 4, 0):
        yield bounded(person, room)
    said = said_of_all(person.values())
    yield {name: reduced(state, said, unnamed=True) for name, state in person.items()}


def bounded(person: Fragments, room: int = ROOM_FOR_PARTS) -> Fragments:
    """The states to show of a person's fragments.

    Whole are the first one and the lightest of the others that have room together; of several of one weight all or
    none. A part that is not is as in `reduced`.
    """
    own, *parts = person
    most = _heaviest_with_room([person[part].weight for part in parts], room)
    if all(person[part].weight <= most for part in parts):
        return person
    said = said_of_all(person.values())
    shown = {part: person[part] if person[part].weight <= most else reduced(person[part], said) for part in parts}
    return {own: person[own], **shown}


def reduced(state: ContactState, said: SaidOfAll | None = None, *, unnamed: bool = False) -> ContactState:
    """What of a fragment counts in any case, without all that could be long.

    A no stays about the list, the sender or the purpose that it named: were it one to the whole channel, a later yes to
    the channel, which another fragment shows, would lift it. `unnamed`: it is one to the channel, since their names
    could be as many as there are facts; only where no fragment shows a yes, so that nothing can lift it.

    Of what came from others than the person the first one of each kind and file stays, the notice of it that was given
    last, and the first one that was got after all notices, so that a policy which asks for notices holds for them;
    `unnamed`: of each kind one file alone. A no keeps its kind, and one fact that the person gave, or of which nobody
    says where it comes from, stays without a source: by these it is judged whether they are known from elsewhere than
    sources by which nobody is.

    `said`: by all fragments of the person, for a notice and a retraction may lie in another one; None: this is the one.
    """
    said = said_of_all([state]) if said is None else said
    counting = _counting(state, said.gone)
    origins = _origins_to_keep(counting, said.given, unnamed=unnamed)
    known = next((fact.key for fact in counting if fact.origin is None or fact.origin.kind == _SELF), None)
    kept = (
        _binding(fact, origins.get(fact.key), unnamed=unnamed)
        or (_word_on_origin(fact, None) if fact.key == known else None)
        for fact in state.facts.values()
    )
    settled = replace(state.settled, arms=()) if state.settled.arms else state.settled
    return replace(state, facts={fact.key: fact for fact in kept if fact is not None}, settled=settled)


def _counting(state: ContactState, gone: Mapping[Key, int]) -> list[Fact]:
    """As `live`, where others retract too."""
    return [
        fact
        for fact in state.facts.values()
        if not isinstance(fact.detail, Retraction) and not is_retracted(fact, gone)
    ]


def _heaviest_with_room(weights: Sequence[int], room: int) -> int:
    """The greatest weight such that all parts up to it have room together; -1: none has."""
    if sum(weights) <= room:
        return max(weights, default=-1)
    most = -1
    for weight in sorted(set(weights)):
        room -= weight * weights.count(weight)
        if room < 0:
            break
        most = weight
    return most


def _binding(fact: Fact, origin: Origin | None, *, unnamed: bool) -> Fact | None:
    """What stays of a fact. `origin`: what of its origin does."""
    match fact.detail:
        case Retraction():
            return fact
        case Consent(channel, granted=False) as no:
            bare = Consent(channel, granted=False) if unnamed else _bare(no)
            return replace(fact, detail=bare, origin=origin)
        case CanvassReport(outcome=outcome) as report if outcome in REFUSALS or outcome in UNREACHABLE:
            said = replace(report, answers=None, tags_added=(), tags_removed=())
            return replace(fact, detail=said, arm=None, origin=origin)
        case _ if fact.type in _FAILED:
            return replace(fact, arm=None)
        case _:
            return None if origin is None else _word_on_origin(fact, origin)


def _origins_to_keep(
    counting: Sequence[Fact], given: Mapping[Place, Sequence[int]], *, unnamed: bool
) -> dict[Key, Origin]:
    """By fact what stays of its origin: the word that somebody is too young, what a notice is asked of, and the notice.

    That they are too young protects them, and another fragment may show that they are not. That, and a no, which says
    nothing new of its kind and file goes with the first that did, and was got when that was: it asks for no notice.
    """
    said = [(fact, fact.origin) for fact in counting if fact.origin is not None]
    found = {fact.key: _too_young(origin, unnamed=unnamed) for fact, origin in said if says_too_young(fact)}
    others = [(fact, origin) for fact, origin in said if origin.kind != _SELF]
    firsts, notable = _notable(others, given, unnamed=unnamed)
    kept = {fact.key: replace(origin, of_age=_if_false(origin), roll=None) for fact, origin in notable}
    kinds = {origin.kind: (fact, origin) for fact, origin in reversed(firsts.values())}
    for fact, origin in others:
        if fact.key not in kept and origin.kind in kinds and (fact.key in found or protects(fact)):
            first, of = firsts.get((origin.kind, origin.file), kinds[origin.kind])
            found[fact.key] = replace(
                of, obtained_at=got_at(first, of), notice=None, of_age=_if_false(origin), roll=None
            )
    return {**found, **kept}


_Said: TypeAlias = tuple[Fact, Origin]
_Places: TypeAlias = dict[Place, _Said]


def _notable(
    others: Iterable[_Said], given: Mapping[Place, Sequence[int]], *, unnamed: bool
) -> tuple[_Places, Iterable[_Said]]:
    """Of what others said the first of each kind and file; and these, with the notice of it that was given last.

    And with what was got first after all notices. `given`: when these were given, by kind and file, in order.
    """
    firsts, told, later, files = _Places(), _Places(), _Places(), dict[str, str | None]()
    for fact, origin in others:
        place = origin.kind, origin.file
        is_of_another = unnamed and files.setdefault(origin.kind, origin.file) != origin.file
        if is_of_another or (place not in firsts and len(firsts) == MOST_PLACES):
            continue
        firsts.setdefault(place, (fact, origin))
        if origin.notice is not None:
            told[place] = max((fact, origin), told.get(place, (fact, origin)), key=_given)
        if place not in given or got_at(fact, origin) > given[place][-1]:
            later[place] = min(later.get(place, (fact, origin)), (fact, origin), key=_got)
    return firsts, (*firsts.values(), *told.values(), *later.values())


def _given(said: _Said) -> int:
    fact, origin = said
    return fact.time if origin.notice is None else given_at(fact, origin.notice)


def _got(said: _Said) -> int:
    return got_at(*said)


def _if_false(origin: Origin) -> bool | None:
    return False if origin.of_age is False else None


def _too_young(origin: Origin, *, unnamed: bool) -> Origin:
    return Origin(origin.kind, file=None if unnamed else origin.file, of_age=False)


def _word_on_origin(fact: Fact, origin: Origin | None) -> Fact:
    """As if the fact had said only that."""
    return Fact(_NOTHING_ELSE, fact.time, fact.source, fact.id, fact.appended_at, origin=origin)


def _bare(no: Consent) -> Consent:
    """A no with what it is about alone."""
    return replace(no, terms=None if no.purpose is None else ConsentTerms(purpose=no.purpose))
