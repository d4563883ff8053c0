"""Drops retracted facts. A retraction is a fact like any other, so it may come before what it retracts."""

from collections.abc import Iterable, Mapping

from events.registry import MESSAGES
from streams.domain.contact.state import DEDUP_WINDOW_MS, Fact, Key, Retraction


def live(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that happened as far as anyone still says, in the order given: no retractions, nothing retracted."""
    facts = list(facts)
    said = [fact for fact in facts if fact.detail.__class__ is Retraction]
    if not said:
        return facts
    gone = retractions(said)
    return [fact for fact in facts if not isinstance(fact.detail, Retraction) and not is_retracted(fact, gone)]


def retractions(facts: Iterable[Fact]) -> dict[Key, int]:
    """What is retracted, each with the append time of the first retraction."""
    found: dict[Key, int] = {}
    for fact in facts:
        if isinstance(fact.detail, Retraction):
            key = fact.detail.source, fact.detail.id
            found[key] = min(fact.appended_at, found.get(key, fact.appended_at))
    return found


def is_retracted(fact: Fact, gone: Mapping[Key, int]) -> bool:
    """Whether one of `gone` takes `fact` back. A message that was known for a week stays."""
    at = gone.get(fact.key)
    return at is not None and (fact.type not in MESSAGES or at <= fact.appended_at + DEDUP_WINDOW_MS)
