"""What a fold sees of its partition: states instead of bytes, those used of late without a look at the store.

Reading a state from the store and decoding it costs as much as folding into it, and whoever was just written to is
written to again soon. States are never changed in place, so the same one may be given out twice.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from streams.engine.store import OpenStore, Position, Store

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Codec(Generic[State]):
    """How states are written. `decode` gives back what was encoded."""

    encode: Callable[[State], bytes]
    decode: Callable[[bytes], State]


@dataclass(frozen=True, slots=True)
class Storage(Generic[State]):
    """How the states of a table are kept. `recent_bytes`: the room for those used of late, see `Recent`."""

    open_store: OpenStore
    codec: Codec[State]
    recent_bytes: int


class Recent(Generic[State]):
    """The states used of late, of all partitions of a table: as many as `room` bytes hold when they are encoded.

    In memory a state is several times as large. Two generations, each of half the room: what is used moves to the
    younger one, and when that is full the older one is forgotten. A list in order of use would cost as much as reading
    the store does.
    """

    def __init__(self, room: int) -> None:
        self._half = room // 2
        self._left = self._half
        self._younger: dict[bytes, State] = {}
        self._older: dict[bytes, State] = {}

    def get(self, key: bytes) -> State | None:
        """The state of a key, if it is here."""
        state = self._younger.get(key)
        return self._older.get(key) if state is None else state

    def put(self, key: bytes, state: State, size: int) -> None:
        """Remember the state that was used; `size`: its bytes when it is encoded."""
        if key not in self._younger:
            self._left -= size
            if self._left < 0:
                self._older, self._younger, self._left = self._younger, {}, self._half - size
        self._younger[key] = state

    def drop(self, key: bytes) -> None:
        """Forget one."""
        self._younger.pop(key, None)
        self._older.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._younger, self._older, self._left = {}, {}, self._half


class States(Generic[State]):
    """The states of one partition: read by folds, written by the engine once a chunk is committed."""

    def __init__(self, store: Store, codec: Codec[State], recent: Recent[State]) -> None:
        self.store = store
        self.encode = codec.encode
        self._decode = codec.decode
        self._recent = recent

    def get(self, key: bytes) -> State | None:
        """The state of a key, or None."""
        return self.get_many([key])[key]

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, State | None]:
        """The states of these keys, None where there is none: one look at the store for all of them."""
        found: dict[bytes, State | None] = {key: self._recent.get(key) for key in keys}
        missing = [key for key, state in found.items() if state is None]
        if missing:
            for key, value in zip(missing, self.store.get_many(missing), strict=True):
                if value is not None:
                    state = found[key] = self._decode(value)
                    self._recent.put(key, state, len(value))
        return found

    def commit(
        self, changes: Mapping[bytes, State | None], encoded: Mapping[bytes, bytes | None], position: Position
    ) -> None:
        """Take over what has been committed. `encoded`: the same changes as bytes, and what else is to be stored."""
        self.store.write(encoded, position)
        for key, state in changes.items():
            value = encoded[key]
            if state is None or value is None:
                self._recent.drop(key)
            else:
                self._recent.put(key, state, len(value))

    def forget(self) -> None:
        """Read everything from the store again, which has been changed meanwhile."""
        self._recent.clear()
