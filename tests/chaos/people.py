"""People who are named now by one identifier, now by another, and who is who: known because they are made here.

What is chosen leaves the rules no choice: a person's identifiers hang together without what is shared, no person has
two of one kind, spouses have voter ids of one state and each names the shared identifier with their own, and a command
is about the strongest identifiers of two people of which nothing else is said. Nothing of `streams.domain.identity` is used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from streams.demo.truth import ContactFields

STRENGTH = ("contact_id", "voter_id", "external", "email", "phone")
SHAREABLE = ("email", "phone")


@dataclass(frozen=True, slots=True)
class Identifier:
    """`kind`: the field of `data.contact` that it is written in."""

    kind: str
    text: str

    @property
    def rank(self) -> int:
        """Smaller is stronger."""
        return STRENGTH.index(self.kind)


@dataclass(frozen=True, slots=True)
class Person:
    """`own`: theirs alone, the strongest first. `tied`: pairs that hold them together. `shared`: with a spouse."""

    own: tuple[Identifier, ...]
    tied: tuple[tuple[Identifier, Identifier], ...]
    shared: Identifier | None = None

    @property
    def strongest(self) -> Identifier:
        return self.own[0]


@dataclass(frozen=True, slots=True)
class Command:
    """`same`: a link, else an unlink; `at`: its place among the commands on this pair."""

    one: Identifier
    other: Identifier
    same: bool
    at: int


@dataclass(slots=True)
class People:
    """`bonds`: groups of people whom commands make one, by their numbers."""

    everyone: list[Person]
    bonds: list[list[int]] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)


def people(rng: Random, count: int, couples: int) -> People:
    """So many people, `couples` pairs among them, and commands on about a tenth of the others."""
    everyone = [_single(rng, number) for number in range(2 * couples, count)]
    married = [spouse for pair in range(couples) for spouse in _couple(rng, pair)]
    found = People([*married, *everyone])
    bonds = _bonds(rng, range(2 * couples, count))
    for bond in bonds:
        found.bonds.append(bond)
        found.commands += _linked(rng, [found.everyone[number].strongest for number in bond])
    for one, other in _parted(rng, bonds, couples):
        found.commands += _linked_by_mistake(rng, found.everyone[one].strongest, found.everyone[other].strongest)
    return found


def contact_of(identifiers: Sequence[Identifier]) -> ContactFields:
    """`data.contact` that names a person by these."""
    found: ContactFields = {}
    for one in identifiers:
        if one.kind == "external":
            found["external"] = {"van": one.text}
        else:
            found[one.kind] = one.text  # type: ignore[literal-required]
    return found


def _identifier(kind: str, number: int | str) -> Identifier:
    place = int(number) if isinstance(number, int) else 900_000 + int(number.removeprefix("home"))
    texts = {
        "contact_id": f"crm-{number}",
        "voter_id": f"NY:{number}",
        "external": f"v{number}",
        "email": f"person.{number}@example.com",
        "phone": f"+1 212 {200 + place // 10_000:03d} {place % 10_000:04d}",
    }
    return Identifier(kind, texts[kind])


def _single(rng: Random, number: int) -> Person:
    kinds = sorted(rng.sample(STRENGTH, rng.randint(1, 4)), key=STRENGTH.index)
    own = tuple(_identifier(kind, number) for kind in kinds)
    return Person(own, _star(own) if number % 2 else _chain(rng, own))


def _couple(rng: Random, pair: int) -> tuple[Person, Person]:
    shared = _identifier(rng.choice(SHAREABLE), f"home{pair}")
    one, other = (_spouse(rng, 2 * pair + place, shared) for place in range(2))
    return one, other


def _spouse(rng: Random, number: int, shared: Identifier) -> Person:
    """Who has a voter id, and names what is shared with it at least once."""
    others = [kind for kind in STRENGTH if kind not in ("voter_id", shared.kind)]
    kinds = sorted(["voter_id", *rng.sample(others, rng.randint(0, 2))], key=STRENGTH.index)
    own = tuple(_identifier(kind, number) for kind in kinds)
    voter = own[kinds.index("voter_id")]
    return Person(own, (*_chain(rng, own), (voter, shared)), shared)


def _star(own: Sequence[Identifier]) -> tuple[tuple[Identifier, Identifier], ...]:
    """All with the strongest."""
    return tuple((own[0], other) for other in own[1:])


def _chain(rng: Random, own: Sequence[Identifier]) -> tuple[tuple[Identifier, Identifier], ...]:
    """Each with any of those before it, in any order."""
    order = rng.sample(own, len(own))
    return tuple((rng.choice(order[:place]), order[place]) for place in range(1, len(order)))


def _bonds(rng: Random, singles: range) -> list[list[int]]:
    """Groups of two to four; only of people whose identifiers are all tied to the strongest, of whom commands speak."""
    candidates = [number for number in singles if number % 2]
    rng.shuffle(candidates)
    left = candidates[: len(singles) // 10]
    found = []
    while len(left) >= 2:
        size = min(rng.randint(2, 4), len(left))
        found.append(left[:size])
        left = left[size:]
    return found


def _parted(rng: Random, bonds: Sequence[Sequence[int]], couples: int) -> Iterator[tuple[int, int]]:
    """People whom somebody linked by mistake: of two groups, or spouses."""
    for one, other in zip(bonds[::2], bonds[1::2], strict=False):
        yield rng.choice(one), rng.choice(other)
    for pair in rng.sample(range(couples), couples // 4):
        yield 2 * pair, 2 * pair + 1


def _linked(rng: Random, named: Sequence[Identifier]) -> Iterator[Command]:
    """A chain of links, said once, again, or after somebody had said otherwise."""
    for pair in pairwise(named):
        for at, same in enumerate(rng.choice([[True], [True, True], [False, True], [True, False, True]])):
            one, other = rng.sample(pair, 2)
            yield Command(one, other, same, at)


def _linked_by_mistake(rng: Random, one: Identifier, other: Identifier) -> Iterator[Command]:
    for at, same in enumerate(rng.choice([[True, False], [True, True, False], [True, False, True, False]])):
        yield Command(one, other, same, at)
