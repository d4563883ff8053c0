"""What endpoints have answered and what is not stored yet: a standing is written whole, so not with each answer."""

from collections.abc import Collection, Iterable

from streams.engine.writer import Output

STORE_EVERY_S = 0.05
"""At most, while requests are under way."""
STORED_A_SECOND = 2 << 20
"""Bytes, at most: a standing with much that waits is written less often."""


class Unstored:
    """The records to write, and whose they are: of a contact nothing more is told before that is stored.

    So after a crash nothing comes again that is older than what was told of the contact last. Times are in s, of a
    clock that only goes forward.
    """

    def __init__(self) -> None:
        self._outputs: list[Output] = []
        self._stored_at = float("-inf")
        self._pause = 0.0
        self.lines: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._outputs)

    def add(self, outputs: Iterable[Output], lines: Collection[str]) -> None:
        """Take in what came of an attempt to tell of these lines."""
        self._outputs += outputs
        self.lines |= {*lines}

    def take(self) -> list[Output]:
        """All of it, to be written now."""
        found, self._outputs = self._outputs, []
        self.lines.clear()
        return found

    def note(self, size: int, now: float) -> None:
        """That so many bytes of standings were written by now."""
        self._stored_at, self._pause = now, size / STORED_A_SECOND

    def due_in(self, now: float, *, is_busy: bool) -> float:
        """In how many seconds it is to be stored; `is_busy`: while requests are under way it may wait for theirs."""
        pause = max(self._pause, STORE_EVERY_S) if is_busy else self._pause
        return max(0.0, self._stored_at + pause - now)

    def age(self, now: float) -> float:
        """For how many seconds nothing was stored."""
        return now - self._stored_at
