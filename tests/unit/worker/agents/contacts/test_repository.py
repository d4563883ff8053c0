from msgspec.structs import replace

from streams.domain.contact import ContactState
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.engine.decoded_states import RecentStates, States
from streams.engine.store import MemoryStore
from streams.worker.agents.contacts.repository import ContactRepository
from tests.unit.worker.agents.contacts.interaction_records import CONTACTS


def test_a_name_that_is_forgotten_and_heard_of_again_in_one_chunk_leaves_no_trace() -> None:
    holding = ContactRepository(States(MemoryStore(), CONTACTS, RecentStates(0)))
    gone = ContactState(version=3, place=IdentityStatus(erased=Erasure(1, "team/a", "e")))
    back = replace(gone, version=4, place=IdentityStatus(erased=Erasure(1, "team/a", "e"), shown="profile"))
    holding.put(b"c1", gone)
    assert holding.changes.keys() == {b"c1", trace_key("c1")}
    holding.put(b"c1", back)

    assert holding.changes == {b"c1": back, trace_key("c1"): None}
