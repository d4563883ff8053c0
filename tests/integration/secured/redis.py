"""A Redis that knows the users of the shipped list, behind TLS that asks for a certificate.

The Valkey of the wheel is built without TLS, so a terminator stands before it: every byte is decrypted here and handed
on, as by the stunnel or sidecar of a deployment.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.local.redis import find_redis
from streams.local.server import HOST, choose_ports, launch, stop
from tests.unit.platform.certificates import Authority

LIST = Path(__file__).parents[3] / "deploy" / "acl" / "redis.acl"


@dataclass(frozen=True, slots=True)
class SecuredRedis:
    """`address`: of the TLS side."""

    address: str
    authority: Authority
    passwords: Mapping[str, str]

    def by_password(self, user: str) -> dict[str, str]:
        """The settings of a user, who shows a certificate too."""
        certificate, key = self.authority.issue(f"redis-{user}")
        return {
            "REDIS_URL": f"rediss://{user}@{self.address}/0",
            "HARMONIA_REDIS_PASSWORD": self.passwords[user],
            "HARMONIA_REDIS_CA": str(self.authority.file),
            "HARMONIA_REDIS_CERTIFICATE": str(certificate),
            "HARMONIA_REDIS_KEY": str(key),
        }


@contextmanager
def secured_redis(folder: Path, authority: Authority, passwords: Mapping[str, str]) -> Iterator[SecuredRedis]:
    """The server for the length of a block; `passwords`: of the users that `deploy/acl/redis.acl` lists."""
    folder.mkdir()
    users = LIST.read_text()
    for user, password in passwords.items():
        users = users.replace(f"user {user} on resetpass", f"user {user} on resetpass >{password}")
    (folder / "users.acl").write_text(users)
    [port] = choose_ports(0)
    options = ["--bind", HOST, "--port", str(port), "--save", "", "--aclfile", "users.acl"]
    launch(folder, [find_redis(), *options], (port,), b"PING\r\n")
    try:
        with _tls_before(port, authority) as outside:
            yield SecuredRedis(f"{HOST}:{outside}", authority, passwords)
    finally:
        stop([folder])


@contextmanager
def _tls_before(port: int, authority: Authority) -> Iterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*authority.issue("redis"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(_listen(port, context), loop).result(10)
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _listen(port: int, context: ssl.SSLContext) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside_reader, inside_writer = await asyncio.open_connection(HOST, port)
        await asyncio.gather(_pass_on(reader, inside_writer), _pass_on(inside_reader, writer))

    return await asyncio.start_server(serve, HOST, 0, ssl=context)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
