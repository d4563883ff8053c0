"""A store of files on which something happens before the n-th call: a crash, or another process that does all its work.

The files are real ones; only the moment is made.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from sinks.lake.files import Files

MOST_CALLS = 100


class Crash(Exception):
    """The process is gone: nothing that follows is done."""


class Interrupted:
    """`files`, and `happens` before the call number `at` that changes anything. `calls` counts them."""

    def __init__(self, files: Files, at: int, happens: Callable[[], object]) -> None:
        self._files = files
        self._at = at
        self._happens = happens
        self.calls = 0

    def below(self, folder: str) -> list[str]:
        return self._files.below(folder)

    def there(self, name: str) -> bool:
        return self._files.there(name)

    def changed(self, name: str) -> int | None:
        return self._files.changed(name)

    def read(self, name: str) -> bytes:
        return self._files.read(name)

    def open(self, name: str) -> BinaryIO:
        return self._files.open(name)

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        self._step()
        with self._files.writing(name) as file:
            yield file
            self._step()

    def create(self, name: str, content: bytes, draft: str) -> bool:
        self._step()
        return self._files.create(name, content, draft)

    def move(self, source: str, target: str) -> bool:
        self._step()
        return self._files.move(source, target)

    def delete(self, name: str) -> None:
        self._step()
        self._files.delete(name)

    def delete_below(self, folder: str) -> None:
        self._step()
        self._files.delete_below(folder)

    def address(self, name: str) -> str:
        return self._files.address(name)

    def _step(self) -> None:
        self.calls += 1
        if self.calls == self._at:
            self._happens()


def crash() -> None:
    raise Crash


def at_each_call(files: Files, happens: Callable[[], object], begin_again: Callable[[Files], None]) -> Iterator[Files]:
    """`files` once for each call that changes anything, with what `happens` before that call; at last undisturbed."""
    for at in range(1, MOST_CALLS):
        interrupted = Interrupted(files, at, happens)
        yield interrupted
        if interrupted.calls < at:
            return
        begin_again(files)
    raise AssertionError("it never came to its end")


def clear(files: Files) -> None:
    for name in files.below(""):
        files.delete(name)
