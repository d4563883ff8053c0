"""Records of `interactions`, as intake writes them."""

from dataclasses import replace

from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.times import render_time
from streams.domain.contact import ContactState, decode, encode
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.latency_header import received_header
from tests.unit.engine.kafka_records import SOURCE, Fetched
from tests.unit.events.records import NOW, accepted, event

HASHER = Hasher([b"a key"])
GENERATION = 3
PRINTER = RecordBuilder(SOURCE.partition, 8, GENERATION)
AT = NOW + 1_000
"""When the fold happens."""
CONTACTS = Codec(encode, decode)


def said(
    offset: int, type_: str = "email.opened", who: str = "c1", id_: str | None = None, time: int = NOW, **data: JSON
) -> Fetched:
    """An interaction about the contact `who`; its id is its offset's, unless told."""
    fields: dict[str, JSON] = {"contact": {"contact_id": who}, **data}
    content = event(type_, **fields) | {"id": id_ or f"i{offset}", "time": render_time(time)}
    key, value = harmonise(accepted(content), HASHER)
    return Fetched(offset, value, key.encode(), [received_header(NOW + offset)], NOW + offset)


def keyed(key: bytes | None, record: Fetched) -> Fetched:
    return replace(record, key=key)


def valued(value: bytes | None, record: Fetched) -> Fetched:
    return replace(record, value=value)


def folded(*records: Fetched, store: MemoryStore | None = None) -> InteractionsHandler:
    """The chunk of `records`, folded onto a store, or onto nothing."""
    folding = InteractionsHandler(
        States(store or MemoryStore(), CONTACTS, RecentStates(0)), PRINTER, AT, default_policy()
    )
    folding.take(records)
    return folding


def kept(folding: InteractionsHandler, store: MemoryStore) -> None:
    """What happens after the commit."""
    States(store, CONTACTS, RecentStates(0)).commit(folding.effects.changes, encoded(folding), Position("topic", 1, 0))


def encoded(folding: InteractionsHandler) -> dict[bytes, bytes | None]:
    return {key: None if state is None else encode(state) for key, state in folding.effects.changes.items()}


def state_of(folding: InteractionsHandler, who: str) -> ContactState:
    state = folding.effects.changes[who.encode()]
    assert state is not None
    return state
