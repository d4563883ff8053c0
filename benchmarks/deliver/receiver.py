"""A receiver of webhooks with TLS in a thread of this process: it notes when each came, and is silent if told."""

import asyncio
import datetime
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import orjson
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS, PORT = "127.86.0.1", 8443
NETWORK = "127.86.0.0/24"


class Receiver:
    """`came`: of each path when each person's change came first, s since 1970. `unanswered`: requests so far."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.came: dict[str, dict[str, float]] = defaultdict(dict)
        self.unanswered = 0
        self._loop = loop
        self._silent = ""
        self._again = asyncio.Event()

    def fall_silent(self, path: str) -> None:
        """Take requests to a path from now on, and neither note nor answer them."""
        self._silent = path

    def answer_again(self) -> None:
        """Answer all of them, those that wait too."""
        self._silent = ""
        self._loop.call_soon_threadsafe(self._again.set)

    async def take(self, request: web.Request) -> web.Response:
        """Answer one."""
        said = orjson.loads(await request.read())
        if request.path == self._silent:
            self.unanswered += 1
            await self._again.wait()
            return web.Response()
        self.came[request.path].setdefault(said["data"]["contact_id"], time.time())
        return web.Response()

    def moments(self, prefix: str) -> list[float]:
        """When the changes of people whose names begin so came, each once for each path."""
        return [at for each in self.came.values() for name, at in [*each.items()] if name.startswith(prefix)]


@contextmanager
def receiving_at(folder: Path) -> Iterator[tuple[Receiver, Path]]:
    """The receiver for the length of a block, and a file that says whom to trust for it."""
    key_file, certificate = _certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key_file)
    loop = asyncio.new_event_loop()
    found = Receiver(loop)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{name}", found.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, ADDRESS, PORT, ssl_context=context).start()
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    try:
        yield found, certificate
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Files with a key, and with a certificate for the receiver that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ADDRESS))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate = folder / "key.pem", folder / "certificate.pem"
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate
