"""A server on a real socket, and clients who say bytes to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from streams.services.api.connection_limits import LimitedConnection
from streams.services.api.server import Server


class Line:
    """A connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def say(self, what: bytes) -> None:
        self._writer.write(what)

    async def status(self) -> bytes:
        """The status of the next answer. Raises TimeoutError where none comes."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next(line.split()[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await self.reader.readexactly(int(length))
        return head.split()[1]

    async def ask(self, headers: bytes, body: bytes = b"") -> bytes:
        """The status of the answer."""
        self.say(b"POST / HTTP/1.1\r\nhost: here\r\n%bcontent-length: %d\r\n\r\n" % (headers, len(body)) + body)
        return await self.status()

    async def is_ended(self) -> bool:
        """Whether the server closes it, whatever it says before; what it has not read by then is a reset."""
        try:
            async with asyncio.timeout(10):
                while await self.reader.read(1 << 16):
                    pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._writer.close()


class Site:
    """A running server and whoever has come to it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.lines: list[Line] = []

    async def line(self) -> Line:
        line = Line(*await asyncio.open_connection(*self.address))
        self.lines.append(line)
        return line


@asynccontextmanager
async def serving(
    connection: type[LimitedConnection], answer: ASGIApp, most: int = 100, proxies: str = ""
) -> AsyncIterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(answer, connection=connection, most=most, proxies=proxies)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    site = Site(listener.getsockname())
    try:
        yield site
    finally:
        for line in site.lines:
            line.close()
        server.should_exit = True
        await running
