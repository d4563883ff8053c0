"""Records of `interactions`, as intake writes them."""

from dataclasses import replace

from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from streams.agents.folding import Folding
from streams.agents.stamps import received_header
from streams.contact import ContactState, decode
from streams.engine.store import MemoryStore, Position
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, accepted, event

HASHER = Hasher([b"a key"])
GENERATION = 3
AT = NOW + 1_000
"""When the fold happens."""


def said(offset: int, type_: str = "email.opened", who: str = "c1", id_: str | None = None, **data: JSON) -> Fetched:
    """An interaction about the contact `who`; its id is its offset's, unless told."""
    content = event(type_, contact={"contact_id": who}, **data) | {"id": id_ or f"i{offset}"}
    key, value = harmonise(accepted(content), HASHER)
    return Fetched(offset, value, key.encode(), [received_header(NOW + offset)], NOW + offset)


def keyed(key: bytes | None, record: Fetched) -> Fetched:
    return replace(record, key=key)


def valued(value: bytes | None, record: Fetched) -> Fetched:
    return replace(record, value=value)


def folded(*records: Fetched, store: MemoryStore | None = None) -> Folding:
    """The chunk of `records`, folded onto a store, or onto nothing."""
    folding = Folding(store or MemoryStore(), GENERATION, AT)
    folding.take(records)
    return folding


def kept(folding: Folding, store: MemoryStore) -> None:
    """What happens after the commit."""
    store.write(folding.effects.changes, Position("topic", 1, 0))


def state_of(folding: Folding, who: str) -> ContactState:
    value = folding.effects.changes[who.encode()]
    assert value is not None
    return decode(value)
