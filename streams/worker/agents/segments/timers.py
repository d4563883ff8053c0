"""Timers of a partition: who is to be judged again at which time though nothing happens, at most one for each person.

They lie beside the states in the order of their times. Those of the next hour are at hand in a heap, so that a tick
costs no look at the store; they are read a piece at a time, and forgotten with all that folds have at hand.
"""

from heapq import heapify, heappop, heappush

from streams.domain.contact import ContactState
from streams.engine.decoded_states import States

_DUE = b"segments/due/"
_WIDTH = 8
AT_ONCE = 10_000
"""Timers that are read from the store at once."""
AHEAD_MS = 3_600_000
MOST = 50_000
"""Timers at hand; of more the later half is left to the store again."""


class Timers:
    """The timers of a partition. `beside`: changes that are to be written."""

    def __init__(self, states: States[ContactState]) -> None:
        self._states = states
        self._heap: list[bytes] = []
        self._read_to = b""
        self._fresh: list[bytes] = []
        self.beside: dict[bytes, bytes | None] = {}

    def begin(self) -> None:
        """Begin a chunk: what the one before has set is in the store now."""
        self.beside = {}
        self._fresh = []

    def arm(self, due: int, contact: bytes) -> None:
        """Set a timer."""
        key = _key(due, contact)
        self.beside[_DUE + key] = b"1"
        if key <= self._read_to:
            heappush(self._heap, key)
            if len(self._heap) > MOST:
                self._leave_the_later()
        else:
            self._fresh.append(key)

    def disarm(self, due: int, contact: bytes) -> None:
        """Take a timer back. Where it is at hand it is found out when it is due."""
        self.beside[_DUE + _key(due, contact)] = None

    def is_due(self, at: int) -> bool:
        """Whether there may be anybody who is due."""
        self._look_ahead(at)
        return bool(self._heap) and self._heap[0] < _key(at + 1, b"")

    def take(self, at: int, most: int) -> list[tuple[int, bytes]]:
        """The first people who are due by a time, so many of them, with their times; each is taken once."""
        found: list[tuple[int, bytes]] = []
        while len(found) < most and self.is_due(at):
            key = heappop(self._heap)
            found.append((int.from_bytes(key[:_WIDTH]), key[_WIDTH:]))
        return found

    def _look_ahead(self, at: int) -> None:
        """Read on until everybody who is due by a time is at hand."""
        end = _key(at + 1, b"")
        while self._read_to < end and (not self._heap or self._heap[0] >= end):
            found = self._states.beside_following(_DUE, _DUE + self._read_to, AT_ONCE)
            keys = [key[len(_DUE) :] for key, _ in found if self.beside.get(key, b"") is not None]
            last = found[-1][0][len(_DUE) :] if found else b""
            self._read_to = last if len(found) == AT_ONCE else max(last, _key(at + AHEAD_MS, b""))
            self._heap += keys
            self._heap += [key for key in self._fresh if key <= self._read_to]
            self._fresh = [key for key in self._fresh if key > self._read_to]
            heapify(self._heap)

    def _leave_the_later(self) -> None:
        kept = sorted(self._heap)[: MOST // 2]
        self._fresh += [key for key in self._heap if key > kept[-1] and _DUE + key in self.beside]
        self._heap, self._read_to = kept, kept[-1]


def _key(due: int, contact: bytes) -> bytes:
    return due.to_bytes(_WIDTH) + contact
