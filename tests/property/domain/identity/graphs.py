"""Small worlds in which everything meets: few people, who share identifiers, change keys and are ruled upon."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st
from msgspec.structs import replace

from events.identity_links import (
    CommandStamp,
    DecisionWithdrawal,
    EdgeEnd,
    EdgeWithdrawal,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    LinkDecision,
    decision_on,
    edge_between,
)
from streams.domain.identity import CanonicalIdChange, IdentityFold, LinkRecord, Node, decode, encode
from tests.property.domain.identity.oracle import Pair, World

CROWD = 3


def hashed(kind: str, number: int) -> str:
    return f"{kind}:{number:032x}"


CONTACTS = ["ada", "bob", "cyd"]
VOTERS = [hashed("voter", number) for number in range(4)]
EXTERNALS = [hashed("external", number) for number in range(2)]
EMAILS = [hashed("email", number) for number in range(3)]
PHONES = [hashed("phone", number) for number in range(2)]
NAMES = [*CONTACTS, *VOTERS, *EXTERNALS, *EMAILS, *PHONES]
CLASSES = {
    VOTERS[0]: "voter:NY",
    VOTERS[1]: "voter:NY",
    VOTERS[2]: "voter:NY",
    VOTERS[3]: "voter:PA",
    EXTERNALS[0]: "external:van",
    EXTERNALS[1]: "external:van",
}
ALIASES = {(EMAILS[1], EMAILS[2]), (VOTERS[1], VOTERS[2]), (PHONES[0], PHONES[1])}
"""Pairs that are one identifier under two keys, whenever they are named together."""


def edge(teller: str, one: str, other: str) -> IdentityEdge:
    a, b = sorted((one, other))
    return edge_between(teller, EdgeEnd(a, CLASSES.get(a)), EdgeEnd(b, CLASSES.get(b)), alias=(a, b) in ALIASES)


def ruling(one: str, other: str, *, same: bool, time: int = 0) -> LinkDecision:
    return decision_on(one, other, same=same, by=CommandStamp(time, "office", f"{time}"))


PAIRS = st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True)
EDGES = st.builds(lambda pair, at: edge(pair[at], *pair), PAIRS, st.integers(0, 1)) | st.sampled_from(
    [edge(teller, *pair) for pair in sorted(ALIASES) for teller in ("ada", pair[0])]
)
RULINGS = st.builds(lambda pair, same: ruling(*pair, same=same), PAIRS, st.booleans())


@st.composite
def changes(draw: st.DrawFn) -> IdentityLink:
    """An edge or a ruling that holds from now on, or does not hold any more; told again as often as not."""
    link = draw(st.one_of(EDGES, EDGES, EDGES, RULINGS))
    if draw(st.integers(0, 3)):
        return link
    return (
        EdgeWithdrawal(link.teller, link.a, link.b)
        if isinstance(link, IdentityEdge)
        else DecisionWithdrawal(link.a, link.b)
    )


LIVES = st.lists(changes(), max_size=40)
ERASURES = st.sampled_from(NAMES).map(lambda name: FragmentErasure(name, 9, "office", ""))


def numbered(links: Sequence[IdentityLink]) -> list[IdentityLink]:
    """Each erasure by a command of its own."""
    return [replace(link, id=f"{at}") if isinstance(link, FragmentErasure) else link for at, link in enumerate(links)]


def held(links: Sequence[IdentityLink]) -> dict[tuple[str, ...], IdentityEdge | LinkDecision]:
    """What holds after all of these, by key."""
    holds: dict[tuple[str, ...], IdentityEdge | LinkDecision] = {}
    for link in links:
        match link:
            case IdentityEdge():
                holds["seen", link.teller, link.a, link.b] = link
            case LinkDecision():
                holds["said", link.a, link.b] = link
            case EdgeWithdrawal():
                holds.pop(("seen", link.teller, link.a, link.b), None)
            case DecisionWithdrawal():
                holds.pop(("said", link.a, link.b), None)
    return holds


def world_of(links: Sequence[IdentityLink]) -> World:
    holds = held(links).values()
    edges = [link for link in holds if isinstance(link, IdentityEdge)]
    rulings = [link for link in holds if isinstance(link, LinkDecision)]
    names = frozenset(name for link in holds for name in (link.a, link.b))
    classed = {name for link in edges for name in (link.a, link.b)}
    return World(
        names,
        {name: CLASSES[name] for name in classed & CLASSES.keys()},
        frozenset(_pair(link) for link in edges if not link.alias),
        frozenset(_pair(link) for link in edges if link.alias),
        frozenset(_pair(link) for link in rulings if link.same),
        frozenset(_pair(link) for link in rulings if not link.same),
    )


def _pair(link: IdentityEdge | LinkDecision) -> Pair:
    return link.a, link.b


@dataclass
class Table:
    """The links agent's table, as its owner keeps it: in bytes, and what it has told."""

    crowd: int = CROWD
    states: dict[str, bytes] = field(default_factory=dict)
    told: dict[str, CanonicalIdChange] = field(default_factory=dict)
    offset: int = 0
    read: int = 0
    history: list[CanonicalIdChange] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answers: list[IdentityLink] = field(default_factory=list)

    def fold(self, links: Sequence[IdentityLink]) -> IdentityFold:
        """Fold a chunk; the offsets go on, and what is told of a node must not go back."""
        folding = IdentityFold(self._read, self.crowd)
        folding.take([LinkRecord(link, self.offset + number, 1_000 + number) for number, link in enumerate(links)])
        self.offset += len(links)
        for told in folding.roofs:
            before = self.told.get(told.node)
            assert before is None or before.version < told.version or (before.asks and before.version == told.version)
            self.told[told.node] = told
            self.history.append(told)
            self.asked += [told.node] * told.asks
        for name, node in folding.changes.items():
            if node is None:
                self.states.pop(name, None)
            else:
                self.states[name] = encode(node)
        return folding

    def fold_in_chunks(self, links: Sequence[IdentityLink], size: int) -> None:
        for start in range(0, len(links), size):
            self.fold(links[start : start + size])

    def answer(self, known: Collection[str] = NAMES, most: int = 1_000) -> None:
        """Have those who were asked say of which class they are, the `known` ones; an answer may call for another."""
        while self.asked and most:
            name, most = self.asked.pop(0), most - 1
            self.answers.append(edge(name, name, name) if name in known else EdgeWithdrawal(name, name, name))
            self.fold(self.answers[-1:])

    def erased(self) -> set[tuple[str, CommandStamp]]:
        """Who was told of which erasure."""
        return {(told.node, told.erased) for told in self.history if told.erased is not None}

    def roofs(self) -> dict[str, str]:
        """The roof of each node that is not its own, as a reader of what was told knows it."""
        return {name: told.roof for name, told in self.told.items() if told.roof not in (None, name)}

    def nodes(self) -> dict[str, Node]:
        return {name: decode(state) for name, state in self.states.items()}

    def _read(self, names: Collection[str]) -> Mapping[str, Node | None]:
        self.read += len(names)
        return {name: decode(self.states[name]) if name in self.states else None for name in names}


def others(roofs: Mapping[str, str]) -> dict[str, str]:
    """Without those that are their own roof."""
    return {name: roof for name, roof in roofs.items() if roof != name}
