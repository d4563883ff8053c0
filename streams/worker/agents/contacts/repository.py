"""The states of contacts of one partition while a chunk is folded, also of those whose identifier may not stay."""

from collections.abc import Collection, Mapping

from streams.domain.contact import ContactState
from streams.domain.contact.derived_view import nobody
from streams.domain.contact.identity.identity_assignment import is_nothing, part_key, trace, trace_key
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.engine.decoded_states import States

_NO_PARTS: dict[str, ContactState] = {}


class ContactRepository:
    """Loads states of contacts and keeps the changes of one chunk. `changes`: by key of the table, None deletes.

    Of contacts that are kept it knows who has `come` with the chunk and who has `gone` with it.
    """

    def __init__(self, states: States[ContactState]) -> None:
        self._states = states
        self._traced: set[bytes] = set()
        self._unknown: set[bytes] = set()
        self._emptied: set[bytes] = set()
        self.changes: dict[bytes, ContactState | None] = {}

    def get_many(self, contacts: Collection[bytes]) -> Mapping[bytes, ContactState]:
        """The states before the chunk, by contact; an unknown contact has an empty one, or what trace of it is left."""
        held = self._states.get_many(contacts)
        unknown = {key: trace_key(key.decode()) for key, state in held.items() if state is None}
        self._unknown.update(unknown)
        traces = self._states.get_many(list(unknown.values())) if unknown else {}
        self._traced.update(key for key, place in unknown.items() if traces[place] is not None)
        return {key: state or traces[unknown[key]] or nobody() for key, state in held.items()}

    def now(self, contact_id: str) -> ContactState:
        """The state of a contact, with the chunk's changes applied."""
        key = contact_id.encode()
        if key not in self.changes:
            return self.get_many([key])[key]
        return self.changes[key] or self.changes.get(trace_key(contact_id)) or ContactState()

    def parts(self, contact_id: str, place: IdentityStatus | None) -> dict[str, ContactState]:
        """Copies of the fragments that a canonical id keeps, with the chunk's changes applied."""
        if place is None or not place.parts:
            return _NO_PARTS
        keys = {part_key(contact_id, name): name for name in place.parts}
        found = {**self._states.get_many(keys), **{key: self.changes[key] for key in keys if key in self.changes}}
        return {keys[key]: part for key, part in found.items() if part is not None}

    def parts_before(self, contact_id: str, place: IdentityStatus) -> dict[str, ContactState]:
        """Copies of the fragments that a canonical id kept before the chunk."""
        if not place.parts:
            return _NO_PARTS
        keys = {part_key(contact_id, name): name for name in place.parts}
        return {keys[key]: part for key, part in self._states.get_many(keys).items() if part is not None}

    def former_parts(self, contact_id: str, place: IdentityStatus) -> list[ContactState]:
        """The same without their names."""
        return list(self.parts_before(contact_id, place).values())

    def part(self, key: bytes) -> ContactState | None:
        """One fragment's copy by its key, with the chunk's changes applied."""
        return self.changes[key] if key in self.changes else self._states.get(key)

    def put_part(self, key: bytes, part: ContactState | None) -> None:
        """Keep a fragment's copy under its key; None deletes it."""
        self.changes[key] = part

    def put(self, key: bytes, state: ContactState) -> None:
        """Keep the state of a contact. Where nothing is known of it, its identifier does not stay."""
        where = trace_key(key.decode()) if key in self._traced or state.place is not None else b""
        if state.place is None or not is_nothing(state):
            self.changes[key] = state
            if key in self._traced:
                self.changes[where] = None
        else:
            self.changes[key] = None
            self.changes[where] = trace(state)
            self._traced.add(key)
            self._emptied.add(key)

    @property
    def come(self) -> list[bytes]:
        """Contacts that are kept from now on, and were not before the chunk."""
        return [key for key in self._unknown if self.changes.get(key) is not None]

    @property
    def gone(self) -> list[bytes]:
        """Contacts that were kept before the chunk, and are no more."""
        return [key for key in self._emptied - self._unknown if self.changes[key] is None]
