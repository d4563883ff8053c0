"""The facts of a person that count: copies once, nothing retracted, nothing from before an erasure."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from streams.domain.contact.facts.command_details import COMMANDS, Erase, Suppress
from streams.domain.contact.facts.from_records import Data
from streams.domain.contact.facts.mandatory_facts import binds
from streams.domain.contact.facts.retractions import is_retracted, retractions
from streams.domain.contact.identity.erasure import begins
from streams.domain.contact.state import Fact, Key, Retraction


class PersonFact(NamedTuple):
    """An interaction of a person. `fragment`: the identifier it came under; `data`: the event's whole data."""

    fragment: str
    fact: Fact
    data: Data


def counted_facts(said: Iterable[PersonFact]) -> list[PersonFact]:
    """The facts that count, in the order in which they happened. `said`: in the order in which they came.

    Of commands only suppressions are kept: who is one person is known before.
    """
    once = _without_copies(said)
    alive = _since_erasure(once)
    gone = retractions([each.fact for each in alive])
    left = [
        each for each in alive if not isinstance(each.fact.detail, Retraction) and not is_retracted(each.fact, gone)
    ]
    wanted = [each for each in left if not _is_command(each.fact) or isinstance(each.fact.detail, Suppress)]
    return sorted(wanted, key=lambda each: each.fact.stamp)


def _is_command(fact: Fact) -> bool:
    return fact.detail.__class__ in COMMANDS or isinstance(fact.detail, Erase)


def _without_copies(said: Iterable[PersonFact]) -> list[PersonFact]:
    """The first copy of each, in the order of arrival."""
    found: dict[Key, PersonFact] = {}
    for each in sorted(said, key=_arrival):
        found.setdefault(each.fact.key, each)
    return list(found.values())


def _arrival(said: PersonFact) -> int:
    return said.fact.appended_at


def _since_erasure(said: Sequence[PersonFact]) -> Sequence[PersonFact]:
    """What may count after the last erasure: facts always taken, and everything from the start of a new record on."""
    erasures = [each.fact for each in said if isinstance(each.fact.detail, Erase)]
    if not erasures:
        return said
    last = max(erasures, key=attrgetter("stamp"))
    found: list[PersonFact] = []
    begun = False
    for each in said:
        if each.fact is last:  # drops all that had come, also what happened later
            found, begun = [], False
        if each.fact.time > last.time and not isinstance(each.fact.detail, Erase):
            begun = begun or begins(each.fact)
            if begun or binds(each.fact):
                found.append(each)
    return found
