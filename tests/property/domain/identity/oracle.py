"""Who is one person, by the rules as they are written down, over the whole graph and without any thought of cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

Pair = tuple[str, str]
Sets = list[set[str]]

KINDS = ["contact", "voter", "external", "email", "phone"]


@dataclass(frozen=True)
class World:
    """What holds. Pairs have the smaller name first."""

    names: frozenset[str]
    classes: dict[str, str]
    seen: frozenset[Pair]
    aliases: frozenset[Pair]
    same: frozenset[Pair]
    apart: frozenset[Pair]


@dataclass(frozen=True)
class Truth:
    roofs: dict[str, str]
    crowded: set[str]
    disputed: set[str]


def truth(world: World, crowd: int) -> Truth:
    groups = joined([{name} for name in world.names], sorted(world.aliases), world.apart)
    firm = joined(groups, sorted(world.same), world.apart)
    named = {pair for pair in world.seen - world.aliases if set_of(groups, pair[0]) is not set_of(groups, pair[1])}
    crowded = {name for name in world.names if sum(weaker(pair) == name for pair in world.seen - world.aliases) > crowd}
    live = {pair for pair in named if not any(set_of(groups, end) & crowded for end in pair)}
    disputed = {name for group in groups if in_dispute(group, live, firm, world.classes) for name in group}
    links = {pair for pair in live if not disputed & set(pair)}
    return Truth(roofs_of(persons(groups, firm, links, world)), crowded, disputed)


def persons(groups: Sets, firm: Sets, links: set[Pair], world: World) -> Sets:
    people, without_commands = [set(one) for one in firm], [set(one) for one in groups]
    for weak in sorted(groups, key=strength):
        near = [
            strong
            for strong in groups
            if strength(strong) < strength(weak) and any((min(a, b), max(a, b)) in links for a in weak for b in strong)
        ]
        allowed = [strong for strong in near if may_join(weak, strong, (people, without_commands), world)]
        own = set_of(people, first(weak))
        others = [set_of(people, first(strong)) for strong in allowed]
        others = [one for at, one in enumerate(others) if one is not own and one not in others[:at]]
        if any(conflict(a, b, world) for a, b in combinations(others, 2)):
            continue
        for strong in allowed:
            people = united(people, first(weak), first(strong))
            without_commands = united(without_commands, first(weak), first(strong))
    return people


def may_join(weak: set[str], strong: set[str], sets: tuple[Sets, Sets], world: World) -> bool:
    one, other = set_of(sets[0], first(weak)), set_of(sets[0], first(strong))
    if one is other:
        return True
    mine, theirs = set_of(sets[1], first(weak)), set_of(sets[1], first(strong))
    if told_apart(one, other, world):
        return False
    return all(u in mine and v not in theirs for u, v in of_one_class(one, other, world))


def conflict(one: set[str], other: set[str], world: World) -> bool:
    return told_apart(one, other, world) or bool(of_one_class(one, other, world))


def told_apart(one: set[str], other: set[str], world: World) -> bool:
    return any((min(u, v), max(u, v)) in world.apart for u in one for v in other)


def of_one_class(one: set[str], other: set[str], world: World) -> list[Pair]:
    classes = world.classes
    return [(u, v) for u in one for v in other if u in classes and classes[u] == classes.get(v)]


def in_dispute(group: set[str], live: set[Pair], firm: Sets, classes: dict[str, str]) -> bool:
    near = {other for a, b in live for one, other in ((a, b), (b, a)) if one in group}
    return any(
        classes[u] == classes[v] and set_of(firm, u) is not set_of(firm, v)
        for u, v in combinations(sorted(near & classes.keys()), 2)
    )


def joined(sets: Sets, pairs: Iterable[Pair], apart: frozenset[Pair]) -> Sets:
    sets = [set(one) for one in sets]
    for a, b in pairs:
        whole = set_of(sets, a) | set_of(sets, b)
        if set_of(sets, a) is not set_of(sets, b) and not any({u, v} <= whole for u, v in apart):
            sets = united(sets, a, b)
    return sets


def united(sets: Sets, a: str, b: str) -> Sets:
    one, other = set_of(sets, a), set_of(sets, b)
    return sets if one is other else [each for each in sets if each is not one and each is not other] + [one | other]


def roofs_of(people: Sets) -> dict[str, str]:
    return {name: first(one) for one in people for name in one}


def set_of(sets: Sequence[set[str]], name: str) -> set[str]:
    return next(one for one in sets if name in one)


def first(names: Iterable[str]) -> str:
    return min(names, key=rank)


def strength(names: Iterable[str]) -> tuple[int, str]:
    return rank(first(names))


def rank(name: str) -> tuple[int, str]:
    kind = name.partition(":")[0]
    return KINDS.index(kind if kind in KINDS else "contact"), name


def weaker(pair: Pair) -> str:
    return max(pair, key=rank)
