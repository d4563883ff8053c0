"""A TCP proxy that can lose an answer on its way back: the server has done the work, the client does not know."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class LossyProxy:
    """Stands before `port`; after `lose_answers` each connection ends with the first answer that comes back."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._losing = False
        self._server: asyncio.Server | None = None
        self.port = 0

    def lose_answers(self, losing: bool = True) -> None:
        self._losing = losing

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._there(reader, server_writer), self._back(server_reader, writer))

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (data := await reader.read(65536)) and not self._losing:
            writer.write(data)
            await writer.drain()
        writer.close()
