"""The size limit of profiles: which fragments of a large person are shown whole, and what of the others counts.

A fragment has its bound (`fold.ROOM`), but nothing bounds how many of them are one person. Those that weigh most give
way, since one that has thousands of interactions is a machine or a mistake. What somebody asked for never does: a no of
a fragment that is not shown whole still closes what it closed, a retraction still takes back what it retracts, who is
said to be too young is, and an address that failed has failed. What has settled is a sum and stays. Commands bind the
person whatever is shown here.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from events.interactions.canvass import REFUSALS, UNREACHABLE
from events.registry import types_that
from streams.domain.contact.facts.mandatory_facts import says_too_young
from streams.domain.contact.state import CanvassReport, Consent, ConsentTerms, ContactState, Fact, Origin, Retraction

ROOM_FOR_PARTS = 3 << 20
"""Bytes that the fragments of one person may weigh together beside the one that names it, to be shown whole."""

_FAILED = types_that(lambda spec: spec.address_failed)
_NOTHING_ELSE = "provenance.reported"
"""The type of what says where something comes from, and nothing else."""


Fragments = Mapping[str, ContactState]
"""By name; the first one names the person, the others may be in any order."""


def shorter_and_shorter(person: Fragments) -> Iterator[Fragments]:
    """What may be shown of a person's fragments, the most of it first; in the end nothing that could be long.

    A profile is not as long as its facts weigh: a character may take six bytes in it.
    """
    for room in (ROOM_FOR_PARTS, ROOM_FOR_PARTS // 4, 0):
        yield bounded(person, room)
    yield {name: reduced(state, unnamed=True) for name, state in person.items()}


def bounded(person: Fragments, room: int = ROOM_FOR_PARTS) -> Fragments:
    """The states to show of a person's fragments.

    Whole are the first one and the lightest of the others that have room together; of several of one weight all or
    none. A part that is not is as in `reduced`.
    """
    own, *parts = person
    most = _heaviest_with_room([person[part].weight for part in parts], room)
    shown = {part: person[part] if person[part].weight <= most else reduced(person[part]) for part in parts}
    return {own: person[own], **shown}


def reduced(state: ContactState, *, unnamed: bool = False) -> ContactState:
    """What of a fragment counts in any case, without all that could be long.

    A no stays about the list, the sender or the purpose that it named: were it one to the whole channel, a later yes to
    the channel, which another fragment shows, would lift it. `unnamed`: it is one to the channel, since their names
    could be as many as there are facts; only where no fragment shows a yes, so that nothing can lift it.
    """
    kept = (_binding(fact, unnamed=unnamed) for fact in state.facts.values())
    settled = replace(state.settled, arms=()) if state.settled.arms else state.settled
    return replace(state, facts={fact.key: fact for fact in kept if fact is not None}, settled=settled)


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


def _binding(fact: Fact, *, unnamed: bool) -> Fact | None:
    match fact.detail:
        case Retraction():
            return fact
        case Consent(channel, granted=False) as no:
            bare = Consent(channel, granted=False) if unnamed else _bare(no)
            return replace(fact, detail=bare, origin=_too_young(fact))
        case CanvassReport(outcome=outcome) as report if outcome in REFUSALS or outcome in UNREACHABLE:
            said = replace(report, answers=None, tags_added=(), tags_removed=())
            return replace(fact, detail=said, arm=None, origin=_too_young(fact))
        case _ if fact.type in _FAILED:
            return replace(fact, arm=None)
        case _:
            young = _too_young(fact)
            return None if young is None else _word_on_age(fact, young)


def _too_young(fact: Fact) -> Origin | None:
    """The word that somebody is not of age, and no more: it protects them, and another fragment may show the other."""
    if fact.origin is None or not says_too_young(fact):
        return None
    return Origin(fact.origin.kind, of_age=False)


def _word_on_age(fact: Fact, young: Origin) -> Fact:
    """As if the fact had said only that."""
    return Fact(_NOTHING_ELSE, fact.time, fact.source, fact.id, fact.appended_at, origin=young)


def _bare(no: Consent) -> Consent:
    """A no with what it is about alone."""
    return replace(no, terms=None if no.purpose is None else ConsentTerms(purpose=no.purpose))
