"""Encodes the state of a contact to bytes of the table, and back."""

from typing import Protocol

from msgspec import Raw

from streams.domain.contact.contribution import Contribution
from streams.domain.contact.identity.identity_status import CarriedIdentifiers, IdentityStatus
from streams.domain.contact.packed_contribution import NOTHING, PackedContribution, packed
from streams.domain.contact.state import Consent, ContactState, Fact, Settled
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
    one_by_one: tuple[Contribution, ...] = ()
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
    one_by_one: tuple[()]
    given: PackedContribution
    forgotten: tuple[()] = ()


class EncodedParts(Protocol):
    """What a state that holds a view has encoded already: see `derived_view.DerivedView`."""

    @property
    def encoded(self) -> bytes: ...
    @property
    def settled(self) -> bytes: ...


FORMAT = Format(6, _Stored, older=(2, 3, 4, 5))
"""Format 1 kept no messages' ids: what it says of touches cannot be told any more, so it is not read.

Format 3 kept what is given one by one; format 4 no terms of consents, no origins, and nothing of what was forgotten;
format 5 in an origin nothing of age, electoral rolls and purpose.
"""


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
    return write(
        _Joined(*head, Raw(parts.settled), Raw(facts), (), state.carried, state.exclusive, None, (), state.given)
    )


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
        weight=stored.weight + (_grown(stored) if stored.format < FORMAT.number else 0),
        version=stored.version,
        commands={(fact.source, fact.id): fact for fact in stored.commands},
        carried=stored.carried,
        exclusive=stored.exclusive,
        place=stored.place,
        given=packed(stored.one_by_one) if stored.one_by_one else stored.given,
        forgotten={(fact.source, fact.id): fact for fact in stored.forgotten},
    )


def _grown(stored: _Stored) -> int:
    """By how many bytes the facts of an older format are longer now.

    Each consent has the place of its terms, each fact that of its origin, and since format 3 that of an arm; since
    format 6 an origin has three more places.
    """
    if stored.format == FORMAT.number - 1:
        return 3 * sum(fact.origin is not None for fact in stored.facts)
    consents = sum(fact.detail.__class__ is Consent for fact in stored.facts)
    facts = len(stored.facts) + len(stored.commands) + len(stored.settled.echoes)
    return consents + facts * (2 if stored.format == 2 else 1)


def encode_fact(fact: Fact) -> bytes:
    """The bytes that `fact` takes in an encoded state."""
    return write(fact)


def encode_settled(settled: Settled) -> bytes:
    """The bytes that `settled` takes in an encoded state."""
    return write(settled)
