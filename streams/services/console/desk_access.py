"""The desk as pages ask it: in threads, and opened again where `harmonia console follow` has made the file anew."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from streams.platform.settings import Settings
from streams.services.console.desk import Desk, DeskMissing

THREADS = 4
LIMIT_S = 10.0
"""Seconds after which a query is given up, those included that it waits for a thread."""
ALONE_S = 2.0
"""Seconds after which a query is given up as soon as another one waits for its thread."""
SAME_S = 1.0
"""Seconds in which the same question has the same answer: many look at the same figures with other rights or words."""
TRIES, AGAIN_S = 4, 0.02
"""How often a desk is opened that cannot be, at most, and seconds between: a copy may be taking its place."""
Rest = ParamSpec("Rest")
Answer = TypeVar("Answer")


class TooSlow(Exception):
    """The desk did not answer in time, or others waited; the query runs no more."""


class Times(NamedTuple):
    """How long a query may take, in seconds: at all, and while another one waits for its thread.

    `same`: for how long who asks the same has the same answer.
    """

    limit: float = LIMIT_S
    alone: float = ALONE_S
    same: float = SAME_S


@dataclass(slots=True)
class _Shared:
    """A query that is being answered, or was a moment ago, and how many wait for it."""

    answer: asyncio.Future[Any]
    began_at: float
    waiting: int = 0

    def serves(self, oldest: float) -> bool:
        """Whether who asks now may have this answer, unless it is older; nobody else has a failure."""
        if self.answer.done() and (self.answer.cancelled() or self.answer.exception() is not None):
            return False
        return self.began_at > oldest


class DeskReader:
    """Asks one desk. There need not be one yet: each thread opens it when it is asked.

    A query whose caller is cancelled, or that has taken too long, is interrupted, so slow ones never hold all threads.
    """

    def __init__(self, path: Path, times: Times = Times()) -> None:  # noqa: B008 - it cannot be changed
        self.path = path
        self._times = times
        self._threads = ThreadPoolExecutor(THREADS, "desk")
        self._own = threading.local()
        self._asked: set[Future[Any]] = set()
        self._shared: dict[Hashable, _Shared] = {}
        self._closed = False

    async def ask(
        self, query: Callable[Concatenate[Desk, Rest], Answer], /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> Answer:
        """The answer of a query of `desk_reading` or `desk_people`: one for all who ask the same within a second.

        Raises DeskMissing where there is no desk, TooSlow for a query that was interrupted.
        """
        key = (query, args, tuple(sorted(kwargs.items())))
        shared: _Shared | None = self._shared.get(key)
        if shared is None or not shared.serves(time.monotonic() - self._times.same):
            shared = _Shared(asyncio.ensure_future(self._ask(query, *args, **kwargs)), time.monotonic())
            self._forget()
            self._shared[key] = shared
        shared.waiting += 1
        try:
            found: Answer = await asyncio.shield(shared.answer)
        finally:
            shared.waiting -= 1
            if not shared.answer.done() and not shared.waiting:
                self._shared.pop(key, None)
                shared.answer.cancel()
        return found

    def _forget(self) -> None:
        """Drop answers that are too old to be anybody's, and those that failed."""
        oldest = time.monotonic() - self._times.same
        self._shared = {
            key: each for key, each in self._shared.items() if each.serves(oldest) or not each.answer.done()
        }

    async def _ask(
        self, query: Callable[Concatenate[Desk, Rest], Answer], /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> Answer:
        given_up = threading.Event()
        asked_at = time.monotonic()

        def asked() -> Answer:
            began_at = time.monotonic()
            ended = False

            def is_over() -> bool:
                nonlocal ended  # once it is over it stays so: whoever waited may have begun before the error is here
                now = time.monotonic()
                has_time = not (self._closed or given_up.is_set() or now - asked_at >= self._times.limit)
                ended = ended or not has_time or (now - began_at >= self._times.alone and self._somebody_waits())
                return ended

            if is_over():
                raise TooSlow
            desk = self._desk()
            try:
                with desk.snapshot(), desk.interrupted_when(is_over):
                    return query(desk, *args, **kwargs)
            except sqlite3.OperationalError:
                if is_over():
                    raise TooSlow from None
                raise

        future = self._threads.submit(asked)
        self._asked.add(future)
        future.add_done_callback(self._asked.discard)
        try:
            return await asyncio.wrap_future(future)
        finally:
            given_up.set()

    def close(self) -> None:
        """End the threads."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _somebody_waits(self) -> bool:
        return any(not (future.running() or future.done()) for future in tuple(self._asked))

    def _desk(self) -> Desk:
        """The desk of this thread, which is the file that has the path now."""
        number = self._number()
        known: tuple[int, Desk] | None = getattr(self._own, "desk", None)
        if known is not None and known[0] == number:
            return known[1]
        if known is not None:
            known[1].close()
            self._own.desk = None
        opened = self._opened()
        self._own.desk = opened
        return opened[1]

    def _opened(self) -> tuple[int, Desk]:
        """The desk and the number of its file: one that was there before and after it was opened.

        In the moment in which a copy takes its place the file is of the one and its journal of the other.
        """
        for left in reversed(range(TRIES)):
            number = self._number()
            try:
                desk = Desk.open(self.path)
            except DeskMissing:
                if not left:
                    raise
                time.sleep(AGAIN_S)
                continue
            if self._number() == number:
                return number, desk
            desk.close()
        raise DeskMissing(str(self.path))

    def _number(self) -> int:
        """The number of the file that has the path now. Raises DeskMissing."""
        try:
            return self.path.stat().st_ino
        except OSError as error:
            raise DeskMissing(str(self.path)) from error


def reader_of(settings: Settings) -> DeskReader | None:
    """The desk of these settings; None where they name none."""
    return None if settings.desk is None else DeskReader(settings.desk)
