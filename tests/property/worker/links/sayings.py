"""Few people with few identifiers that mix freely: whatever may collide or be confused does so in a short story."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st

from events.contact import Contact
from events.envelope import Interaction, Record, decode
from events.identifiers import Hasher
from events.json_types import JSON
from events.registry import TOPICS_OF
from events.times import render_time
from events.topics import CONTACT_FRAGMENTS, CONTACT_ROOFS
from tests.property.choices import below, one_of_these
from tests.property.domain.contact.strategies import DATA, ZONES
from tests.property.worker.links.hearing import OPENERS
from tests.property.worker.links.world import PARTITIONS, World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW, record

HASHER = Hasher([b"key"])
UNTIL = "2012-12-01T00:00:00.000Z"

IDENTIFIERS: dict[str, tuple[JSON, ...]] = {
    "contact_id": ("crm.ada", "crm.bo"),
    "voter_id": ("NY:1", "NY:2", "CA:1"),
    "external": ({"van": "1"}, {"van": "2"}, {"actblue": "1"}, {"actblue": "1", "van": "1"}),
    "email": ("ada@example.org", "bo@example.org", "cy@example.org"),
    "phone": ("212 555 0199", "212 555 0198"),
}
NODES = (
    *("crm.ada", "crm.bo", HASHER.voter("NY:1"), HASHER.voter("NY:2"), HASHER.voter("CA:1")),
    *(HASHER.external("van", "1"), HASHER.external("van", "2"), HASHER.external("actblue", "1")),
    *(HASHER.email(str(text)) or "" for text in IDENTIFIERS["email"]),
    *(HASHER.phone(str(text)) or "" for text in IDENTIFIERS["phone"]),
)
TIMES = st.integers(-40, 0).map(lambda step: NOW + step * HOUR)
SOURCES = ("team/a", "team/b")
APPENDED = st.integers(0, 5 * 24).map(lambda step: NOW + step * HOUR)
HELD = st.none() | st.tuples(st.sampled_from([CONTACT_ROOFS, CONTACT_FRAGMENTS]), st.integers(0, PARTITIONS - 1))
"""A partition that is read behind all others."""
PAIRS = st.lists(st.sampled_from(NODES), min_size=2, max_size=2, unique=True)


@dataclass(frozen=True)
class Saying:
    """An interaction and when the broker appends it."""

    interaction: Interaction
    appended_at: int


@cache
def _kinds(most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(IDENTIFIERS)), min_size=1, max_size=most, unique=True)


@cache
@st.composite
def contacts(draw: st.DrawFn, most: int = 3) -> dict[str, JSON]:
    """One to so many identifiers of different kinds."""
    return {kind: one_of_these(draw, IDENTIFIERS[kind]) for kind in draw(_kinds(most))}


ANYBODY = contacts()
_OFTEN = st.sampled_from(["donation.made", "donation.refunded", "canvass.reported", "email.opened"])
ANYTHING = st.one_of(st.sampled_from(sorted(set(DATA) - {"interaction.retracted"})), _OFTEN)
"""But for a command or a retraction."""
_OPENING = st.sampled_from(OPENERS)


@st.composite
def contacts_under(draw: st.DrawFn, named: dict[str, JSON]) -> dict[str, JSON]:
    """Whatever is keyed by the strongest of these identifiers, alone or with weaker ones."""
    kinds = ("contact_id", "voter_id", "external", "email", "phone")
    strongest = min(named, key=kinds.index)
    weaker = {kind: each for kind, each in draw(ANYBODY).items() if kinds.index(kind) > kinds.index(strongest)}
    return {strongest: named[strongest], **weaker}


@st.composite
def happenings(
    draw: st.DrawFn,
    id_: str,
    whose: st.SearchStrategy[dict[str, JSON]] = ANYBODY,
    types: st.SearchStrategy[str] = ANYTHING,
) -> Interaction:
    """Anything of these types, about one of these contacts."""
    type_ = draw(types)
    zones = draw(ZONES)
    contact = draw(whose) | zones
    return interaction(type_, id_, draw(TIMES), one_of_these(draw, SOURCES), {**draw(DATA[type_]), "contact": contact})


def interaction(type_: str, id_: str, time: int, source: str, data: dict[str, JSON]) -> Interaction:
    content: dict[str, JSON] = {"specversion": "1.0", "id": id_, "source": source, "type": type_, "data": data}
    content["time"] = render_time(time)
    topic = min(TOPICS_OF[type_])
    read = decode(Record(topic, record(content).value, (), NOW))
    assert isinstance(read, Interaction), read
    return read


@st.composite
def rulings(draw: st.DrawFn, id_: str, pairs: st.SearchStrategy[list[str]] = PAIRS) -> Interaction:
    """Somebody says that two are one person, or that they are not."""
    type_ = one_of_these(draw, ["contact.linked", "contact.linked", "contact.unlinked"])
    return interaction(type_, id_, draw(TIMES), "office/desk", {"contact_ids": [*draw(pairs)]})


@st.composite
def sayings_of(draw: st.DrawFn, id_: str, named: dict[str, JSON], hasher: Hasher) -> Interaction:
    """What is keyed by the strongest of these identifiers: something that happened, or a ruling if it may be its."""
    own = hasher.fragment(Contact.model_validate(named)) or ""
    later = [[own, name] for name in NODES if name > own]
    if later and draw(below(4)) == 0:
        return draw(rulings(id_, st.sampled_from(later)))
    return draw(happenings(id_, contacts_under(named), one_of_these(draw, [ANYTHING, _OPENING])))


_HAS_AN_END = st.booleans()


@st.composite
def suppressions(draw: st.DrawFn, id_: str) -> Interaction:
    """Somebody wants a person left alone, perhaps until a day; lifts that; or names an end before the beginning."""
    time = draw(TIMES)
    ends = [UNTIL, render_time(time), render_time(time - 1)]
    data: dict[str, JSON] = {"contact": draw(ANYBODY), "until": one_of_these(draw, ends) if draw(_HAS_AN_END) else None}
    return interaction("contact.suppressed", id_, time, "office/desk", data)


@st.composite
def retractions(draw: st.DrawFn, id_: str, said: Sequence[Interaction]) -> Interaction:
    """Something is taken back, mostly under the identifiers under which it was said."""
    taken = one_of_these(draw, said)
    plain = taken.data.contact.plain() or {"contact_id": one_of_these(draw, ["crm.ada", "crm.bo"])}
    contact = plain if draw(below(3)) < 2 else draw(ANYBODY)
    data: dict[str, JSON] = {"contact": contact, "retracts": {"source": taken.source, "id": taken.id}}
    return interaction("interaction.retracted", id_, draw(TIMES), "team/a", data)


@cache
def _kinds_of_saying(id_: str) -> list[st.SearchStrategy[Interaction]]:
    return [happenings(id_), happenings(id_), happenings(id_), rulings(id_), suppressions(id_)]


@st.composite
def stories(draw: st.DrawFn, most: int = 12) -> list[Saying]:
    """What is said of a few people, each thing once and nobody erased."""
    said: list[Interaction] = []
    for number in range(draw(below(most + 1))):
        id_ = f"i{number}"
        kinds = _kinds_of_saying(id_)
        said.append(draw(one_of_these(draw, [*kinds, retractions(id_, said)] if said else kinds)))
    return [Saying(each, draw(APPENDED)) for each in said]


def erasure() -> st.SearchStrategy[dict[str, JSON]]:
    """Whom to forget."""
    return contacts(most=2).map(lambda contact: {"contact": contact})


def as_they_come(world: World, data: st.DataObject) -> None:
    """Let the agents work in any pieces and any order, one partition perhaps behind all others, until all is done."""
    for _ in range(data.draw(below(13))):
        if waiting := world.waiting():
            world.work(waiting[data.draw(below(len(waiting)))], 1 + data.draw(below(4)))
    world.settle(data.draw(HELD))
    world.settle()
