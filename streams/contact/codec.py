"""How a state is written: MessagePack, a format number first, so that a later version knows what it reads.

Fields are told by their place. New ones go to the end of their struct with a default; anything else is a new format.
"""

import msgspec
from msgspec import Struct

from streams.contact.place import Carried, Place
from streams.contact.state import ContactState, Fact, Settled

FORMAT = 1


class UnreadableState(Exception):
    """The bytes are not a state of a format that this version knows."""


class _Head(Struct, frozen=True, array_like=True):
    format: int


class _Stored(_Head, frozen=True, array_like=True):
    version: int
    clock: int
    due: int
    weight: int
    settled: Settled
    facts: list[Fact]
    commands: list[Fact] = []
    carried: tuple[Carried, ...] = ()
    exclusive: str = ""
    place: Place | None = None


_encoder = msgspec.msgpack.Encoder()
_head_decoder = msgspec.msgpack.Decoder(_Head)
_decoder = msgspec.msgpack.Decoder(_Stored)


def encode(state: ContactState) -> bytes:
    """The bytes of `state`, at most 1.25 MiB and a little."""
    facts, commands = list(state.facts.values()), list(state.commands.values())
    head = FORMAT, state.version, state.clock, state.due, state.weight
    named = state.carried, state.exclusive
    return _encoder.encode(_Stored(*head, state.settled, facts, commands, *named, state.place))


def decode(data: bytes) -> ContactState:
    """The state that was encoded. Raises `UnreadableState`."""
    try:
        if (found := _head_decoder.decode(data).format) != FORMAT:
            raise UnreadableState(f"a state of format {found}, not {FORMAT}")
        stored = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableState(f"not a state of format {FORMAT}") from error
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
    )


def encode_fact(fact: Fact) -> bytes:
    """The bytes that `fact` takes in an encoded state."""
    return _encoder.encode(fact)
