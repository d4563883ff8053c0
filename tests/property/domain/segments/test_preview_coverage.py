"""The interval of a preview has the true count in it as often as it says, whatever order ids lie in."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

import pytest

from sinks.keys import partition_of
from streams.domain.segments.people_sample import PeopleSample
from streams.domain.segments.preview_estimates import MemberEstimate, PartitionCount, estimate

PARTITIONS = 4
CONTACTS = 4_000
EACH = 100
"""Contacts that are judged of each partition."""
POPULATIONS = 60
SHARES = (0.01, 0.05, 0.2, 0.5, 0.9)


def contacts(number: int) -> list[bytes]:
    """Voters of three states in the order of their ids, and people known by an address."""
    voters = [f"voter:{state}:{number}{at:07}" for state in ("NY", "OH", "PA") for at in range(CONTACTS // 4)]
    chance = Random(number)
    hashed = [f"email:{chance.randbytes(16).hex()}" for _ in range(CONTACTS // 4)]
    return [name.encode() for name in sorted(voters + hashed)]


def first(names: list[bytes], members: int, _: int) -> set[bytes]:
    """Those whose ids come first: a segment that keys say all about."""
    return {*names[:members]}


def every(names: list[bytes], members: int, _: int) -> set[bytes]:
    """One of so many, in the order of ids."""
    return {names[at * len(names) // members] for at in range(members)}


def some(names: list[bytes], members: int, seed: int) -> set[bytes]:
    """Any of them."""
    return {*Random(seed).sample(names, members)}


@dataclass(frozen=True)
class Population:
    """Contacts in the order of their ids. `drawn`: of each partition how many it has, and whom a preview judges."""

    names: list[bytes]
    drawn: list[tuple[int, list[bytes]]]

    def previewed(self, members: set[bytes], silent: int) -> MemberEstimate:
        """The estimate; the last `silent` partitions do not answer."""
        counts = [
            PartitionCount(known, len(judged), sum(name in members for name in judged))
            for known, judged in self.drawn[: PARTITIONS - silent]
        ]
        found = estimate(counts, PARTITIONS)
        assert found is not None
        return found


@cache
def population(number: int) -> Population:
    """People whom a walk through the keys of each partition has drawn, a piece at a time."""
    names = contacts(number)
    by_partition: dict[int, list[bytes]] = defaultdict(list)
    for name in names:
        by_partition[partition_of(name.decode(), PARTITIONS)].append(name)
    found = []
    for partition in range(PARTITIONS):
        held, sample = by_partition[partition], PeopleSample(EACH)
        for at in range(0, len(held), 300):
            piece = held[at : at + 300]
            sample.walk(piece, piece[-1], is_end=at + 300 >= len(held))
        found.append((sample.known, [name for _, name in sample.drawn]))
    return Population(names, found)


@pytest.mark.parametrize("silent", [0, 1])
@pytest.mark.parametrize("who", [first, every, some])
def test_the_interval_covers_the_true_count_about_as_often_as_it_says(
    who: Callable[[list[bytes], int, int], set[bytes]], silent: int
) -> None:
    covered = 0
    for number in range(POPULATIONS):
        people = population(number)
        for share in SHARES:
            members = who(people.names, int(share * len(people.names)), number)
            found = people.previewed(members, silent)
            covered += found.low <= len(members) <= found.high
    asked = POPULATIONS * len(SHARES)
    assert 0.92 <= covered / asked <= 0.99
