"""What partitions have told and is in no sum yet: put aside as it comes, since to add up often costs more than that."""

from collections.abc import Iterator

from msgspec import Struct

from streams.engine.states import States
from streams.experiments.kept import Kept

MOST_BYTES = 16 << 20
"""Beyond which it is added up at once, whether or not it is time for results."""

_PREFIX = b"aside/"
_AT_ONCE = 500
_MEMORY = "aside"


class Aside(Struct):
    """How much there is, and since when (ms) the oldest has waited; None: nothing waits."""

    size: int = 0
    oldest: int | None = None


def aside_of(states: States[Kept]) -> Aside:
    """What there is, of which a fold may keep account."""
    found: Aside | None = states.memory.get(_MEMORY)
    if found is None:
        found = states.memory[_MEMORY] = Aside()
        for _, at, value in waiting(states):
            put(found, at, value)
    return found


def put(aside: Aside, at: int, value: bytes) -> None:
    """Count one more."""
    aside.size += len(value)
    aside.oldest = at if aside.oldest is None else aside.oldest


def key_of(offset: int) -> bytes:
    """Under which a record is put aside."""
    return _PREFIX + offset.to_bytes(8)


def kept(at: int, value: bytes) -> bytes:
    """What is put there."""
    return at.to_bytes(8) + value


def waiting(states: States[Kept]) -> Iterator[tuple[bytes, int, bytes]]:
    """Key, time and value of all that is aside, in the order in which it came."""
    after = b""
    while found := states.beside_following(_PREFIX, after, _AT_ONCE):
        yield from ((key, int.from_bytes(value[:8]), value[8:]) for key, value in found)
        after = found[-1][0]
