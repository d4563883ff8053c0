"""What counts of all that was said of a person: copies once, nothing that was taken back, nothing before an erasure."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from streams.domain.contact.facts.command_details import COMMANDS, Erase, Suppress
from streams.domain.contact.facts.from_records import Data
from streams.domain.contact.facts.mandatory_facts import binds
from streams.domain.contact.facts.retractions import is_retracted, retractions
from streams.domain.contact.identity.erasure import begins
from streams.domain.contact.state import Fact, Key, Retraction


class Said(NamedTuple):
    """An interaction of a person. `fragment`: under which identifier; `data`: all that was said."""

    fragment: str
    fact: Fact
    data: Data


def counting(said: Iterable[Said]) -> list[Said]:
    """What counts, in the order in which it happened. `said`: in the order in which it came.

    Of commands only suppressions are left: who is one person is known before.
    """
    once = _once(said)
    alive = _since_erasure(once)
    gone = retractions([each.fact for each in alive])
    left = [
        each for each in alive if not isinstance(each.fact.detail, Retraction) and not is_retracted(each.fact, gone)
    ]
    wanted = [each for each in left if not _is_command(each.fact) or isinstance(each.fact.detail, Suppress)]
    return sorted(wanted, key=lambda each: each.fact.stamp)


def _is_command(fact: Fact) -> bool:
    return fact.detail.__class__ in COMMANDS or isinstance(fact.detail, Erase)


def _once(said: Iterable[Said]) -> list[Said]:
    """The first copy of each, in the order of arrival."""
    found: dict[Key, Said] = {}
    for each in sorted(said, key=_arrival):
        found.setdefault(each.fact.key, each)
    return list(found.values())


def _arrival(said: Said) -> int:
    return said.fact.appended_at


def _since_erasure(said: Sequence[Said]) -> Sequence[Said]:
    """Only what may count after the last erasure: what binds, and all from the beginning of a new record on."""
    erasures = [each.fact for each in said if isinstance(each.fact.detail, Erase)]
    if not erasures:
        return said
    last = max(erasures, key=attrgetter("stamp"))
    found: list[Said] = []
    begun = False
    for each in said:
        if each.fact is last:  # what had come is gone, also what happened after the time that it says
            found, begun = [], False
        if each.fact.time > last.time and not isinstance(each.fact.detail, Erase):
            begun = begun or begins(each.fact)
            if begun or binds(each.fact):
                found.append(each)
    return found
