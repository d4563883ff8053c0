"""A store that holds back what is written, so that a key which is written again soon goes to disk once.

The changelog has all of it, so nothing can be lost: a process that is killed reads what was held back once more. How
much that is stays bounded, by bytes, by records of the changelog and by time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from streams.engine.store import OpenStore, Position, Store

MOST_RECORDS = 200_000
"""Of a changelog partition that may have to be read again: two seconds' work."""

LONGEST_MS = 60_000
"""A store that says that it is of long ago is wiped, so one that is written to must not look old."""

_absent = object()


class WriteBackStores:
    """Opens stores that hold back writes, of no more than `room` bytes together; an `OpenStore`."""

    def __init__(self, open_store: OpenStore, room: int) -> None:
        self._open_store = open_store
        self._room = room
        self._open: set[WriteBackStore] = set()

    def __call__(self, table: str, partition: int) -> "WriteBackStore":
        """Open the store of a partition, on one of those below."""
        store = WriteBackStore(self._open_store(table, partition), self)
        self._open.add(store)
        return store

    @property
    def share(self) -> int:
        """Bytes that each store may hold back."""
        return self._room // max(1, len(self._open))

    def forget(self, store: "WriteBackStore") -> None:
        """The room of a closed store is the others'."""
        self._open.discard(store)


class WriteBackStore:
    """A `Store` on another one, which gets the newest values now and then and when this one is closed.

    Raises what the store below raises, perhaps a while after the write.
    """

    def __init__(self, below: Store, stores: WriteBackStores) -> None:
        self.below = below
        self._stores = stores
        self._waiting: dict[bytes, bytes | None] = {}
        self._position = below.position
        self._look_in = 0
        """Bytes that may be written before it is worth counting how many wait."""

    @property
    def position(self) -> Position | None:
        return self._position

    def get(self, key: bytes) -> bytes | None:
        value = self._waiting.get(key, _absent)
        return self.below.get(key) if value is _absent else value  # type: ignore[return-value]

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        missing = [key for key in keys if key not in self._waiting]
        found = dict(zip(missing, self.below.get_many(missing), strict=True)) if missing else {}
        return [self._waiting[key] if key in self._waiting else found[key] for key in keys]

    def write(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        self._waiting.update(changes)
        self._position = position
        self._look_in -= _size(changes)
        if self._look_in < 0:
            self._look_in = self._stores.share - _size(self._waiting)
        if self._look_in < 0 or self._is_behind(position):
            self.flush()

    def flush(self) -> None:
        """Give the store below all that it lacks."""
        if self._position is not None and (self._waiting or self._position != self.below.position):
            self.below.write(self._waiting, self._position)
        self._waiting = {}
        self._look_in = self._stores.share

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        self.flush()
        return self.below.items()

    def following(self, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
        return self._following(self.below.following, after, most)

    def keys_following(self, after: bytes, most: int) -> list[bytes]:
        def keys(after: bytes, most: int) -> list[tuple[bytes, bytes]]:
            return [(key, b"") for key in self.below.keys_following(after, most)]

        return [key for key, _ in self._following(keys, after, most)]

    def _following(
        self, below: Callable[[bytes, int], list[tuple[bytes, bytes]]], after: bytes, most: int
    ) -> list[tuple[bytes, bytes]]:
        """What is there and what waits, together; what waits to be deleted is not."""
        there: list[tuple[bytes, bytes]] = []
        while True:
            held = below(after, most)
            last = held[-1][0] if len(held) == most else None  # behind it there may be more below
            found: dict[bytes, bytes | None] = dict(held)
            found.update(
                (key, value) for key, value in self._waiting.items() if key > after and (last is None or key <= last)
            )
            there += sorted((key, value) for key, value in found.items() if value is not None)
            if len(there) >= most or last is None:  # fewer would say that there is no more
                return there[:most]
            after = last

    def wipe(self) -> None:
        self._waiting = {}
        self._position = None
        self.below.wipe()

    def forgetting(self) -> Callable[[], None]:
        self.flush()
        return self.below.forgetting()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._stores.forget(self)
            self.below.close()

    def _is_behind(self, position: Position) -> bool:
        """Whether so much has come since the last flush; a store without a position has nothing to lose yet."""
        flushed = self.below.position or Position("", 0, position.at)
        return position.offset - flushed.offset > MOST_RECORDS or position.at - flushed.at > LONGEST_MS


def _size(values: Mapping[bytes, bytes | None]) -> int:
    return sum(map(len, filter(None, values.values())))
