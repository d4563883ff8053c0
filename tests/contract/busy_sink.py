"""A Redis sink that a test can interrupt between the steps of one call, as a frozen worker is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from sinks.redis import RedisSink

Act = Callable[[], Awaitable[object]]


class BusySink(RedisSink):
    """Lets a test do something after the first step of what takes several."""

    meanwhile: Act | None = None

    async def _act(self) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            await act()

    async def _write_part(self, partition: int, args: Sequence[str | bytes]) -> bool:
        written = await super()._write_part(partition, args)
        await self._act()
        return written

    async def _contacts(self) -> AsyncIterator[list[str]]:
        async for found in super()._contacts():
            await self._act()
            yield found
