"""The desk as pages ask it: in threads, and opened again where `harmonia console follow` has made the file anew."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from streams.platform.settings import Settings
from streams.services.console.desk import Desk, DeskMissing

THREADS = 4
LIMIT_S = 10.0
"""Seconds after which a query is given up, those included that it waits for a thread."""
ALONE_S = 2.0
"""Seconds after which a query is given up as soon as another one waits for its thread."""
Rest = ParamSpec("Rest")
Answer = TypeVar("Answer")


class TooSlow(Exception):
    """The desk did not answer in time, or others waited; the query runs no more."""


class Times(NamedTuple):
    """How long a query may take, in seconds: at all, and while another one waits for its thread."""

    limit: float = LIMIT_S
    alone: float = ALONE_S


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
        self._closed = False

    async def ask(
        self, query: Callable[Concatenate[Desk, Rest], Answer], /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> Answer:
        """The answer of a query of `desk_reading` or `desk_people`.

        Raises DeskMissing where there is no desk, TooSlow for a query that was interrupted.
        """
        given_up = threading.Event()
        asked_at = time.monotonic()

        def asked() -> Answer:
            began_at = time.monotonic()

            def is_over() -> bool:
                now = time.monotonic()
                if self._closed or given_up.is_set() or now - asked_at >= self._times.limit:
                    return True
                return now - began_at >= self._times.alone and self._somebody_waits()

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
        try:
            number = self.path.stat().st_ino
        except OSError as error:
            raise DeskMissing(str(self.path)) from error
        known: tuple[int, Desk] | None = getattr(self._own, "desk", None)
        if known is not None and known[0] == number:
            return known[1]
        if known is not None:
            known[1].close()
            self._own.desk = None
        desk = Desk.open(self.path)
        self._own.desk = (number, desk)
        return desk


def reader_of(settings: Settings) -> DeskReader | None:
    """The desk of these settings; None where they name none."""
    return None if settings.desk is None else DeskReader(settings.desk)
