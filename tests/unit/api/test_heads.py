"""What a stranger sends before any token is looked at."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from streams.api.heads import MAX_HEAD_BYTES, LimitedHeads
from streams.api.serving import Server

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(PlainTextResponse("fine"), http=LimitedHeads, ws="none", lifespan="off", log_config=None)
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    yield reader, writer
    writer.close()
    server.should_exit = True
    await serving


async def ask(connection: Connection, header: bytes, body: bytes = b"") -> bytes:
    """The status of the answer."""
    reader, writer = connection
    writer.write(b"POST / HTTP/1.1\r\nhost: here\r\n%b\r\ncontent-length: %d\r\n\r\n" % (header, len(body)) + body)
    head = await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(4) == b"fine"
    return head.split()[1]


async def test_requests_one_after_the_other_have_a_limit_each(connection: Connection) -> None:
    """Nor does a body count, however long."""
    for _ in range(3):
        assert await ask(connection, b"x-long: " + b"a" * (MAX_HEAD_BYTES // 2), bytes(8 * MAX_HEAD_BYTES)) == b"200"


async def test_a_header_without_an_end_closes_the_connection(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"POST / HTTP/1.1\r\nx-endless: ")
    sent = 0
    while not reader.at_eof() and sent < 64 * MAX_HEAD_BYTES:
        writer.write(b"a" * MAX_HEAD_BYTES)
        sent += MAX_HEAD_BYTES
        try:
            await writer.drain()
            if (await asyncio.wait_for(reader.read(100), 0.05)).startswith(b"HTTP/1.1 400"):
                return
        except TimeoutError:
            continue
    pytest.fail(f"{sent} bytes were taken")
