"""Stores of one partition of a table: what a worker keeps of the changelog, on disk or in memory.

A store may be behind its changelog, never ahead: it is written after the transaction that the changelog records
belong to, and holds the position up to which it stands for them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import NamedTuple, Protocol


class Position(NamedTuple):
    """A place in a changelog partition: the topic's id (made anew, it is another one) and the next offset.

    `at` is when the store was brought there, in milliseconds since 1970: the broker forgets deletions after a while, so
    a store that was left alone for long would keep what has been deleted.
    """

    topic_id: str
    offset: int
    at: int


class Store(Protocol):
    """Keys and values of one partition, with the changelog position they stand for."""

    @property
    def position(self) -> Position | None:
        """Up to where the changelog is in the store; None for an empty one."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """The values of these keys, in their order."""

    def write(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        """Apply changes (None deletes) and the position, all or nothing."""

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every key and value, in no order."""

    def following(self, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
        """The first keys behind this one in the order of their bytes, with their values: so many, fewer at the end."""

    def keys_following(self, after: bytes, most: int) -> list[bytes]:
        """The keys of `following`; no value is read, however large it is."""

    def wipe(self) -> None:
        """Forget everything, the position included."""

    def forgetting(self) -> Callable[[], None]:
        """What to call so that nothing deleted or replaced until now is on disk any more.

        May take seconds, on a thread of its own, while the store is used; not beyond `wipe` or `close`.
        """

    def close(self) -> None:
        """Let go of files and locks. The store is not used afterwards."""


#: Opens the store of a table's partition: (table name, partition) -> store.
OpenStore = Callable[[str, int], Store]


class MemoryStore:
    """A store in a dict, for tests and for tables that are cheap to read again."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._position: Position | None = None

    @property
    def position(self) -> Position | None:
        return self._position

    def get(self, key: bytes) -> bytes | None:
        return self._values.get(key)

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        return [self._values.get(key) for key in keys]

    def write(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        for key, value in changes.items():
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value
        self._position = position

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._values.items())

    def following(self, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
        return nsmallest(most, ((key, value) for key, value in self._values.items() if key > after))

    def keys_following(self, after: bytes, most: int) -> list[bytes]:
        return nsmallest(most, (key for key in self._values if key > after))

    def wipe(self) -> None:
        self._values.clear()
        self._position = None

    def forgetting(self) -> Callable[[], None]:
        return lambda: None

    def close(self) -> None:
        self.wipe()


def open_memory_store(table: str, partition: int) -> Store:
    """An `OpenStore` whose stores start empty: each owner reads the whole changelog."""
    return MemoryStore()
