"""A changelog of many contacts, written at once, as if a worker had folded their history for years.

Folding the history of a million contacts would take longer than what is to be measured. So some hundreds of states are
really folded, and every contact gets one of them with ids of its own in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random
from statistics import mean
from typing import TypeAlias

from faust.types import TP

from benchmarks.pipeline.prefill import Pair, Records, prefill
from benchmarks.pipeline.sayings import contact_id_of, saying
from events.envelope import Interaction, Record, decode
from sinks.keys import partition_of
from streams.domain.contact import ContactState, encode, fold
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact
from streams.platform.settings import Settings
from streams.platform.topics import CONTACTS_TABLE, changelog_name

State: TypeAlias = tuple[str, bytes]
"""A contact_id, and what is encoded under it."""

TEMPLATES = 500
LEAST_FACTS, MOST_FACTS = 4, 24
_NOBODY = "NNNNNNNN"
"""In the ids of a template, where a contact's own number goes: eight characters, so no length in it changes."""
_AT_ONCE = 50_000


def templates(now_ms: int, seed: int, fewer_facts: int = 0) -> list[bytes]:
    """Encoded states of 4 to 24 interactions each, with a place for the contact's number in every id."""
    rng = Random(seed)
    return [_template(rng, max(1, length - fewer_facts), now_ms) for length in _lengths(rng)]


def halves(now_ms: int, seed: int) -> tuple[list[bytes], list[bytes]]:
    """As `templates`, but each history in two, of which the first may be one longer: told under two identifiers."""
    rng = Random(seed)
    lengths = _lengths(rng)
    first = [_template(rng, length - length // 2, now_ms) for length in lengths]
    return first, [_template(rng, length // 2, now_ms) for length in lengths]


def state_of(person: int, choices: list[bytes]) -> bytes:
    """The state of this person: one of the templates with the ids of nobody else."""
    return choices[person % len(choices)].replace(_NOBODY.encode(), b"%08d" % person)


def own_state(rng: Random, person: int, now_ms: int) -> bytes:
    """A state of this person with a history like nobody else's: slower by far, and not to be compressed away."""
    facts = rng.randint(LEAST_FACTS, MOST_FACTS)
    state, _ = fold(ContactState(version=facts), list(_history(rng, facts, now_ms, person, f"{person:08d}")))
    return encode(state)


async def fill_changelog(settings: Settings, contacts: int, now_ms: int, seed: int, fewer_facts: int = 0) -> float:
    """Write the states of so many contacts to the changelog; returns their size in bytes, on average."""
    choices = templates(now_ms, seed, fewer_facts)
    hasher = settings.hasher
    states = ((contact_id_of(person, hasher), state_of(person, choices)) for person in range(contacts))
    await write_states(settings, states)
    return mean(map(len, choices))


async def write_states(settings: Settings, states: Iterable[State]) -> None:
    """Write these states to the changelog, each in the partition of its contact."""
    remaining = iter(states)
    while some := list(islice(remaining, _AT_ONCE)):
        await prefill(settings, _records(settings, some))


def _records(settings: Settings, states: Iterable[State]) -> Records:
    topic = changelog_name(settings, CONTACTS_TABLE)
    spread: dict[TP, list[Pair]] = defaultdict(list)
    for contact_id, state in states:
        tp = TP(topic, partition_of(contact_id, settings.partitions))
        spread[tp].append(Pair(contact_id.encode(), state))
    return spread


def _lengths(rng: Random) -> list[int]:
    return [rng.randint(LEAST_FACTS, MOST_FACTS) for _ in range(TEMPLATES)]


def _template(rng: Random, facts: int, now_ms: int) -> bytes:
    state, _ = fold(ContactState(version=facts), list(_history(rng, facts, now_ms)))
    return encode(state)


def _history(rng: Random, facts: int, now_ms: int, person: int = 0, name: str = _NOBODY) -> Iterator[Fact]:
    for number in range(facts):
        said = saying(rng, person, f"{name}-{number:02x}", now_ms)
        found = decode(Record(said.topic, said.value, [], now_ms), "US")
        if not isinstance(found, Interaction):
            raise ValueError(found.detail)
        head = found.id, found.source, found.type, found.dataschema
        yield fact_of(head, found.time, found.data, now_ms)
