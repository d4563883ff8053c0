"""People of whom a tenth have two identifiers, and what is said of them: with links, or with the strongest name alone.

Both are the same people with the same history, in the same order. With links the tenth is known to some by one
identifier and to others by another, half of its history is under each, and one interaction has named both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.pipeline.sayings import Fields, Saying, contact_id_of, contact_of, fragment_of, saying
from benchmarks.pipeline.states import State, halves, state_of, templates
from events.identifiers import Hasher


@dataclass(frozen=True, slots=True)
class Names:
    """`data.contact` of a person by the strongest identifier alone, by another one alone, and by both."""

    strong: Fields
    weak: Fields
    both: Fields


@dataclass(frozen=True, slots=True)
class People:
    """So many, by number; `linked`: whether their tenth is named by two identifiers."""

    count: int
    linked: bool

    def with_two(self) -> Iterator[int]:
        """The tenth."""
        return filter(has_two, range(self.count))


def has_two(person: int) -> bool:
    """Whether this is one of the tenth: there are as many of each kind of person."""
    return person // 10 % 10 == 0


def names_of(person: int) -> Names:
    """A voter or VAN id with an e-mail address, or an address with a phone number."""
    strong = contact_of(person, "donation")
    both = contact_of(person, "text" if "email" in strong else "email")
    weak = {name: value for name, value in both.items() if name == "region" or name not in strong}
    return Names(strong, weak, both)


def states(people: People, now_ms: int, seed: int, hasher: Hasher) -> Iterator[State]:
    """Their histories before anybody linked them, by contact_id."""
    whole = templates(now_ms, seed)
    first, second = halves(now_ms, seed)
    for person in range(people.count):
        contact_id = contact_id_of(person, hasher)
        if people.linked and has_two(person):
            yield contact_id, state_of(person, first)
            yield fragment_of(names_of(person).weak, hasher), state_of(person + people.count, second)
        else:
            yield contact_id, state_of(person, whole)


def joining(people: People, seed: int, now_ms: int) -> Iterator[Saying]:
    """One interaction with each of the tenth: with links it names both identifiers."""
    rng = Random(seed)
    for person in people.with_two():
        names = names_of(person)
        yield saying(rng, person, f"{seed:04x}-{person:08x}", now_ms, names.both if people.linked else names.strong)


def load(people: People, count: int, seed: int, now_ms: int) -> Iterator[Saying]:
    """`count` interactions with people drawn evenly: with links half of those with the tenth name the weak one alone.

    Draws of names have a generator of their own, so that all else is the same with and without links.
    """
    rng, draws = Random(seed), Random(f"names {seed}")
    for number in range(count):
        person = int(rng.random() * people.count)
        names, is_weak = names_of(person), draws.random() < 0.5
        contact = names.weak if is_weak and people.linked and has_two(person) else names.strong
        yield saying(rng, person, f"{seed:04x}-{number:08x}", now_ms, contact)
