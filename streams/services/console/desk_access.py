"""The desk as pages ask it: in threads, and opened again where `harmonia console follow` has made the file anew."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from streams.platform.settings import Settings
from streams.services.console.desk import Desk, DeskMissing

THREADS = 2
Rest = ParamSpec("Rest")
Answer = TypeVar("Answer")


class DeskReader:
    """Asks one desk. There need not be one yet: each thread opens it when it is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = ThreadPoolExecutor(THREADS, "desk")
        self._own = threading.local()

    async def ask(
        self, query: Callable[Concatenate[Desk, Rest], Answer], /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> Answer:
        """The answer of a query of `desk_reading` or `desk_people`. Raises DeskMissing where there is no desk."""

        def asked() -> Answer:
            desk = self._desk()
            with desk.snapshot():
                return query(desk, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, asked)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

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
