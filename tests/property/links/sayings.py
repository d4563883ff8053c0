"""Few people with few identifiers that mix freely: whatever may collide or be confused does so in a short story."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st

from events.envelope import Interaction, Record, decode
from events.identifiers import Hasher
from events.interactions import TOPICS_OF
from events.json_types import JSON
from events.times import render_time
from tests.property.contact.strategies import DATA, ZONES
from tests.unit.contact.said import HOUR
from tests.unit.events.records import NOW, record

lawful = settings(max_examples=150, deadline=None)
HASHER = Hasher([b"key"])

IDENTIFIERS: dict[str, tuple[JSON, ...]] = {
    "contact_id": ("c1", "c2"),
    "voter_id": ("NY:1", "NY:2", "CA:1"),
    "external": ({"van": "1"}, {"van": "2"}, {"actblue": "1"}, {"actblue": "1", "van": "1"}),
    "email": ("ada@example.org", "bo@example.org", "cy@example.org"),
    "phone": ("212 555 0199", "212 555 0198"),
}
NODES = (
    *("c1", "c2", HASHER.voter("NY:1"), HASHER.voter("NY:2"), HASHER.voter("CA:1")),
    *(HASHER.external("van", "1"), HASHER.external("van", "2"), HASHER.external("actblue", "1")),
    *(HASHER.email(str(text)) or "" for text in IDENTIFIERS["email"]),
    *(HASHER.phone(str(text)) or "" for text in IDENTIFIERS["phone"]),
)
TIMES = st.integers(-40, 0).map(lambda step: NOW + step * HOUR)
SOURCES = ("team/a", "team/b")


@dataclass(frozen=True)
class Saying:
    """An interaction and when the broker appends it."""

    interaction: Interaction
    appended_at: int


@st.composite
def contacts(draw: st.DrawFn, most: int = 3) -> dict[str, JSON]:
    """One to so many identifiers of different kinds."""
    kinds = draw(st.lists(st.sampled_from(sorted(IDENTIFIERS)), min_size=1, max_size=most, unique=True))
    return {kind: draw(st.sampled_from(IDENTIFIERS[kind])) for kind in kinds}


@st.composite
def happenings(draw: st.DrawFn, id_: str) -> Interaction:
    """Anything but a command or a retraction."""
    often = st.sampled_from(["donation.made", "donation.refunded", "canvass.reported", "email.opened"])
    type_ = draw(st.one_of(st.sampled_from(sorted(set(DATA) - {"interaction.retracted"})), often))
    zones = draw(ZONES)
    contact = draw(contacts()) | zones
    return interaction(
        type_, id_, draw(TIMES), draw(st.sampled_from(SOURCES)), {**draw(DATA[type_]), "contact": contact}
    )


def interaction(type_: str, id_: str, time: int, source: str, data: dict[str, JSON]) -> Interaction:
    content: dict[str, JSON] = {"specversion": "1.0", "id": id_, "source": source, "type": type_, "data": data}
    content["time"] = render_time(time)
    topic = min(TOPICS_OF[type_])
    read = decode(Record(topic, record(content).value, (), NOW))
    assert isinstance(read, Interaction), read
    return read
