"""Encodes the state of a contact to bytes of the table, and back."""

from typing import Protocol

from msgspec import Raw

from streams.domain.contact.identity.identity_status import CarriedIdentifiers, IdentityStatus
from streams.domain.contact.packed_contribution import NOTHING, PackedContribution
from streams.domain.contact.state import ContactState, Fact, Settled
from streams.domain.formats import Format, Stored
from streams.domain.formats import encode as write


class _Stored(Stored, frozen=True, array_like=True):
    version: int
    clock: int
    due: int
    weight: int
    settled: Settled
    facts: list[Fact]
    commands: tuple[Fact, ...] = ()
    carried: tuple[CarriedIdentifiers, ...] = ()
    exclusive: str = ""
    place: IdentityStatus | None = None
    given: PackedContribution = NOTHING
    forgotten: tuple[Fact, ...] = ()


class _Joined(Stored, frozen=True, array_like=True):
    """`_Stored`, of which the largest parts are encoded already."""

    version: int
    clock: int
    due: int
    weight: int
    settled: Raw
    facts: Raw
    commands: tuple[()]
    carried: tuple[CarriedIdentifiers, ...]
    exclusive: str
    place: None
    given: PackedContribution
    forgotten: tuple[()] = ()


class EncodedParts(Protocol):
    """The parts that a state with a view has encoded already: see `derived_view.DerivedView`."""

    @property
    def encoded(self) -> bytes: ...
    @property
    def settled(self) -> bytes: ...


FORMAT = Format("contacts", 7, _Stored)


def encode(state: ContactState) -> bytes:
    """The bytes of `state`, at most 1.25 MiB and a little. One that holds a view has no place and no commands."""
    parts: EncodedParts | None = state.__dict__.get("view")
    if parts is not None:
        return _join(state, parts)
    facts, commands = list(state.facts.values()), tuple(state.commands.values())
    head = FORMAT.number, state.version, state.clock, state.due, state.weight
    named = state.carried, state.exclusive
    keys = tuple(state.forgotten.values())
    return write(_Stored(*head, state.settled, facts, commands, *named, state.place, given=state.given, forgotten=keys))


def _join(state: ContactState, parts: EncodedParts) -> bytes:
    facts = _array_head(len(state.facts)) + parts.encoded
    head = FORMAT.number, state.version, state.clock, state.due, state.weight
    return write(_Joined(*head, Raw(parts.settled), Raw(facts), (), state.carried, state.exclusive, None, state.given))


def _array_head(length: int) -> bytes:
    """How MessagePack begins an array of this length."""
    if length < 16:
        return b"%c" % (0x90 | length)
    return b"\xdc" + length.to_bytes(2) if length < 1 << 16 else b"\xdd" + length.to_bytes(4)


def decode(data: bytes) -> ContactState:
    """The state that was encoded. Raises `Unreadable`."""
    stored = FORMAT.decode(data)
    return ContactState(
        facts={(fact.source, fact.id): fact for fact in stored.facts},
        settled=stored.settled,
        clock=stored.clock,
        due=stored.due,
        weight=stored.weight,
        version=stored.version,
        commands={(fact.source, fact.id): fact for fact in stored.commands},
        carried=stored.carried,
        exclusive=stored.exclusive,
        place=stored.place,
        given=stored.given,
        forgotten={(fact.source, fact.id): fact for fact in stored.forgotten},
    )


def encode_fact(fact: Fact) -> bytes:
    """The bytes that `fact` takes in an encoded state."""
    return write(fact)


def encode_settled(settled: Settled) -> bytes:
    """The bytes that `settled` takes in an encoded state."""
    return write(settled)
