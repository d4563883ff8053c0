"""Decoded states of a partition as a fold sees them, those used of late without a look at the store.

Reading a state from the store and decoding it costs as much as folding into it, and whoever was just written to is
written to again soon. States are never changed in place, so the same one may be given out twice.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from streams.engine.store import OpenStore, Position, Store

State = TypeVar("State")

GENERATION_KEY = b"\x00generation"
"""In a changelog: how often the tables were made anew, if ever. No key of a table begins with a zero byte."""

BESIDE = b"\x01"
"""What is kept beside the states, and no codec reads, begins with it, and no key of a table does."""
NO_STATES = (b"\x00", BESIDE)
"""Of the keys of a changelog or a store, those that begin so are of no states."""
_BEFORE_STATES = b"\x02"
_AT_ONCE = 1_000
_BYTES_EACH = 2_048
"""Of the room, for each state that may hold something beside itself: that takes about five times as much."""


def _hold_nothing(_: object) -> None:
    """What states give up that hold nothing."""


@dataclass(frozen=True, slots=True)
class Codec(Generic[State]):
    """Encodes and decodes the states of a table. `decode` gives back what was encoded.

    `give_up` makes a state in memory let go of what it holds beside itself and can have again.
    """

    encode: Callable[[State], bytes]
    decode: Callable[[bytes], State]
    give_up: Callable[[State], None] = _hold_nothing


@dataclass(frozen=True, slots=True)
class Storage(Generic[State]):
    """How the states of a table are kept. `recent_bytes`: the room for those used of late, see `RecentStates`."""

    open_store: OpenStore
    codec: Codec[State]
    recent_bytes: int


class RecentStates(Generic[State]):
    """The states used of late, of all partitions of a table: no more than `room` bytes hold when they are encoded.

    In memory a state is several times as large. Two generations, each of half the room: what is written goes to the
    younger one, and when so much has been written the older one is forgotten. Whole chunks at a time, since a list in
    order of use costs as much as reading the store does.
    """

    def __init__(self, room: int) -> None:
        self._half = room // 2
        self._most_holding = room // _BYTES_EACH // 2
        self._holding: dict[bytes, State] = {}
        self._held_longer: dict[bytes, State] = {}
        self._written = 0
        self._younger: dict[bytes, State] = {}
        self._older: dict[bytes, State] = {}

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, State | None]:
        """The states of these keys, None where one is not here."""
        found = dict(zip(keys, map(self._younger.get, keys), strict=True))
        if missing := [key for key, state in found.items() if state is None]:
            found.update(zip(missing, map(self._older.get, missing), strict=True))
        return found

    def put(self, states: Mapping[bytes, State], size: int) -> Iterable[State]:
        """Remember these, unless they are too many; `size`: their bytes together when they are encoded.

        Returns states that are to let go of what they hold beside themselves: of the states used last, so many may hold
        something as `room` has times 2 KiB.
        """
        if size > self._half:
            self.drop(states)
            return states.values()
        if self._written + size > self._half:
            self._older, self._younger, self._written = self._younger, {}, 0
        self._younger.update(states)
        self._written += size
        return self._let_go(states)

    def _let_go(self, states: Mapping[bytes, State]) -> Iterable[State]:
        for key in states.keys() & self._held_longer.keys():
            del self._held_longer[key]
        self._holding.update(states)
        if len(self._holding) <= self._most_holding:
            return ()
        aged, self._held_longer, self._holding = self._held_longer, self._holding, {}
        return aged.values()

    def drop(self, keys: Iterable[bytes]) -> None:
        """Forget these."""
        for key in keys if self._younger or self._older else ():
            self._younger.pop(key, None)
            self._older.pop(key, None)
            self._holding.pop(key, None)
            self._held_longer.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._younger, self._older, self._written = {}, {}, 0
        self._holding, self._held_longer = {}, {}


class States(Generic[State]):
    """The states of one partition: read by folds, written by the engine once a chunk is committed."""

    def __init__(self, store: Store, codec: Codec[State], recent: RecentStates[State]) -> None:
        self.store = store
        self.encode = codec.encode
        self._decode = codec.decode
        self._give_up = codec.give_up
        self._recent = recent
        self.memory: dict[str, Any] = {}
        """What a fold has made of records beside the states, to have it at hand; never without them."""

    @property
    def generation(self) -> int:
        """How often this table was made anew. What is made of its states is newer than all of an earlier one's."""
        return int(self.store.get(GENERATION_KEY) or 0)

    def get(self, key: bytes) -> State | None:
        """The state of a key, or None."""
        return self.get_many([key])[key]

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, State | None]:
        """The states of these keys, None where there is none: one look at the store for all of them."""
        found = self._recent.get_many(keys)
        missing = [key for key, state in found.items() if state is None]
        if missing:
            values = self.store.get_many(missing)
            read = {key: self._decode(value) for key, value in zip(missing, values, strict=True) if value is not None}
            self._remember(read, sum(len(value) for value in values if value is not None))
            found.update(read)
        return found

    def following(self, after: bytes, most: int) -> list[tuple[bytes, State]]:
        """The states behind this key in the order of the keys' bytes, so many of them, fewer at the end.

        They do not count as used: who walks through a table leaves those that are at hand there.
        """
        found = self.store.following(max(after, _BEFORE_STATES), most)
        return [(key, self._decode(value)) for key, value in found]

    def keys_following(self, after: bytes, most: int) -> list[bytes]:
        """The keys of states behind this one in the order of their bytes, so many of them, fewer at the end."""
        return self.store.keys_following(max(after, _BEFORE_STATES), most)

    def beside(self, key: bytes) -> bytes | None:
        """A record beside the states, or None."""
        return self.store.get(BESIDE + key)

    def beside_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Records beside the states, in the order of their keys: one look at the store for all of them."""
        return self.store.get_many([BESIDE + key for key in keys])

    def beside_following(self, prefix: bytes, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
        """The records beside the states whose keys begin so, behind this key, in the order of their bytes."""
        begin = BESIDE + max(prefix, after)
        found = self.store.following(begin, most)
        if not after and (first := self.store.get(begin)) is not None:
            found = [(begin, first), *found][:most]
        return [(key[len(BESIDE) :], value) for key, value in found if key.startswith(BESIDE + prefix)]

    def all_beside(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All records beside the states whose keys begin so, a piece of the store at a time."""
        after = b""
        while found := self.beside_following(prefix, after, _AT_ONCE):
            yield from found
            after = found[-1][0]

    def commit(
        self, changes: Mapping[bytes, State | None], encoded: Mapping[bytes, bytes | None], position: Position
    ) -> None:
        """Take over what has been committed. `encoded`: the same changes as bytes, and what else is to be stored."""
        self.store.write(encoded, position)
        deleted = [key for key, state in changes.items() if state is None]
        kept = cast(Mapping[bytes, State], changes)
        if deleted:
            self._recent.drop(deleted)
            kept = {key: state for key, state in changes.items() if state is not None}
        self._remember(kept, sum(len(encoded[key] or b"") for key in kept))

    def _remember(self, states: Mapping[bytes, State], size: int) -> None:
        for state in self._recent.put(states, size):
            self._give_up(state)

    def drop(self, keys: Iterable[bytes]) -> None:
        """Read these from the store again, where others have changed them; what is at hand of others stays there."""
        self._recent.drop(keys)

    def forget(self) -> None:
        """Read everything from the store again, of other partitions too: it does not say what was deleted meanwhile."""
        self._recent.clear()
        self.memory.clear()
