"""Closes what a worker opened, after its agents have stopped."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from mode import Service


class Closing(Service):
    """A service that does nothing but close things, in order, when it stops.

    To be started first, so that it stops last.
    """

    def __init__(self, closes: Sequence[Callable[[], Awaitable[None]]]) -> None:
        super().__init__()
        self._closes = closes

    async def on_stop(self) -> None:
        async with AsyncExitStack() as closing:  # what can't be closed keeps nothing else open
            for close in reversed(self._closes):
                closing.push_async_callback(close)
