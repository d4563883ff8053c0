"""The lists that are being sent to a console: one a person, in so much time, and no longer than their session."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class RunningUploads:
    """The lists that one process is reading, by who sends them."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, asyncio.Timeout]] = {}

    def is_sending(self, name: str) -> bool:
        """Whether a list of somebody is being read."""
        return name in self._of

    @contextmanager
    def note(self, name: str, session_id: str, limit: asyncio.Timeout) -> Iterator[None]:
        """Know of a list while it is read, within the limit of its time."""
        self._of[name] = session_id, limit
        try:
            yield
        finally:
            del self._of[name]

    def end(self, session_id: str) -> None:
        """Let the time be over for what a session sends."""
        now = asyncio.get_running_loop().time()
        for sends, limit in self._of.values():
            if sends == session_id and not limit.expired():
                limit.reschedule(now)
