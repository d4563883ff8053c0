"""Sends to endpoints: over HTTPS, or by mail; to the very address that was checked, and nowhere else.

What a name resolves to is asked once for each connection and checked, and that address is connected to. No redirect is
followed, no proxy of the environment is used, and no more than 64 KiB of an answer are read.
"""

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from streams.domain.delivery.addresses import Network, may_be_reached
from streams.domain.delivery.schedule import Result, result_of_status
from streams.services.deliver.destinations import Destination

LIMIT_S = 15.0
ANSWER_BYTES = 65_536
SOME_REFUSED = "SomeRecipientsRefused"
THREADS = 4
"""Of each endpoint, which ask for names and send mail: a name server that hangs holds up no other endpoint."""

Lookup = Callable[[str, int], list[Any]]


class ForbiddenAddress(OSError):
    """What a name resolves to may not be connected to."""

    def __init__(self) -> None:
        super().__init__("an address that may not be reached: see HARMONIA_DELIVER_PRIVATE")


def look_up(host: str, port: int) -> list[Any]:
    """What the system's resolver says of a name."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def checked_addresses(host: str, port: int, listed: Sequence[Network], lookup: Lookup = look_up) -> list[Any]:
    """What a name resolves to. Raises `ForbiddenAddress` where any of it may not be reached, and OSError."""
    found = lookup(host, port)
    if not found or not all(may_be_reached(each[4][0], listed) for each in found):
        raise ForbiddenAddress
    return found


class CheckedResolver(AbstractResolver):
    """Resolves names to checked addresses, on threads of its own."""

    def __init__(self, listed: Sequence[Network], threads: ThreadPoolExecutor, lookup: Lookup = look_up) -> None:
        self._listed = listed
        self._threads = threads
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See aiohttp, which connects to one of the addresses that are returned."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, checked_addresses, host, port, self._listed, self._lookup
        )
        return [
            ResolveResult(
                hostname=host, host=where[0], port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, where in found
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """See aiohttp. The threads are their owner's."""


class Sender:
    """Sends to one endpoint, with connections and threads of its own. An async context manager."""

    def __init__(self, destination: Destination, listed: Sequence[Network], lookup: Lookup = look_up) -> None:
        self._destination = destination
        self._listed = listed
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(THREADS, f"deliver-{destination.endpoint.id}")
        self._session: ClientSession | None = None

    async def __aenter__(self) -> "Sender":
        resolver = CheckedResolver(self._listed, self._threads, self._lookup)
        connector = TCPConnector(
            resolver=resolver,
            use_dns_cache=False,
            ssl=ssl.create_default_context(),
            family=socket.AF_UNSPEC,
            socket_factory=self._socket,
        )
        self._session = ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            timeout=ClientTimeout(total=LIMIT_S),
            headers={"User-Agent": "Harmonia", "Content-Type": "application/json"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def post(self, headers: dict[str, str], body: bytes) -> tuple[Result, str]:
        """What came of a request, and the trouble with it in a word; never raises for what an endpoint does."""
        if self._session is None:
            raise RuntimeError("not entered")
        try:
            async with self._session.post(
                self._destination.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await _read_some(answer)
                return result_of_status(answer.status, _retry_after(answer)), ""
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            return Result("failed"), _word(error)

    def _socket(self, where: AddrInfoType) -> socket.socket:
        """A socket for a connection to an address that may be reached. Raises `ForbiddenAddress`.

        The resolver is not asked of one that stands in a URL, however it is written, so all of them are checked here.
        What is no address in its usual form is none: the system would read it in its own way.
        """
        family, kind, protocol, _, address = where
        if not may_be_reached(str(address[0]), self._listed):
            raise ForbiddenAddress
        return socket.socket(family, kind, protocol)

    async def mail(self, message: EmailMessage) -> tuple[Result, str]:
        """The same of a message to the mail server. Whom it refuses while it takes others is not told of, ever."""
        try:
            async with asyncio.timeout(3 * LIMIT_S):
                refused = await asyncio.get_running_loop().run_in_executor(self._threads, self._mail, message)
        except smtplib.SMTPResponseException as error:
            is_final = 500 <= error.smtp_code < 600
            return Result("refused" if is_final else "failed", error.smtp_code), type(error).__name__
        except smtplib.SMTPRecipientsRefused as error:
            return Result("refused"), type(error).__name__
        except (smtplib.SMTPException, OSError, TimeoutError) as error:
            return Result("failed"), _word(error)
        return Result("delivered", 250), SOME_REFUSED if refused else ""

    def _mail(self, message: EmailMessage) -> int:
        """How many recipients were refused while others were taken."""
        parts, endpoint = urlsplit(self._destination.url), self._destination.endpoint
        is_tls = parts.scheme == "smtps"
        host, port = parts.hostname or "", parts.port or (465 if is_tls else 587)
        [address, *_] = [each[4][0] for each in checked_addresses(host, port, self._listed, self._lookup)]
        context = ssl.create_default_context()
        with _connected(host, address, port, context if is_tls else None) as connection:
            if not is_tls:
                connection.starttls(context=context)
            if endpoint.user:
                connection.login(endpoint.user, self._destination.password)
            refused = connection.send_message(message)
            with suppress(smtplib.SMTPException, OSError):  # it has taken the message, whatever it says to this
                connection.quit()
        return len(refused)


@contextmanager
def _connected(host: str, address: str, port: int, tls: ssl.SSLContext | None) -> "Iterator[_MailConnection]":
    """A connection that is cut after `2 * LIMIT_S`: a server that says one byte now and then would hold it for ever."""
    with socket.create_connection((address, port), LIMIT_S) as plain, plain.dup() as same:
        cutting = threading.Timer(2 * LIMIT_S, _cut, [same])
        cutting.daemon = True
        cutting.start()
        try:
            connection = _MailConnection(host, plain, tls)
            try:
                yield connection
            finally:
                connection.close()
        finally:
            cutting.cancel()
            cutting.join()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _MailConnection(smtplib.SMTP):
    """SMTP over a connection that is there, with the name for its certificate. `tls`: from the first byte on."""

    def __init__(self, host: str, plain: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._plain = plain
        self._tls = tls
        super().__init__(host, plain.getpeername()[1], timeout=LIMIT_S)

    def _get_socket(self, host: str, _port: int, _timeout: float) -> socket.socket:
        return self._plain if self._tls is None else self._tls.wrap_socket(self._plain, server_hostname=host)


async def _read_some(answer: ClientResponse) -> None:
    """Read an answer to its end, so that the connection can be used again; but not more than 64 KiB of it."""
    read = 0
    async for piece in answer.content.iter_chunked(8_192):
        read += len(piece)
        if read > ANSWER_BYTES:
            answer.close()
            return


def _retry_after(answer: ClientResponse) -> float | None:
    """Seconds that an endpoint asks to be left alone for, which it may give as a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):  # no date, or one of a year that no calendar has
        return None
    now = datetime.now(UTC)
    with suppress(ValueError, TypeError, OverflowError):
        now = parsedate_to_datetime(answer.headers.get("Date", ""))
    with suppress(TypeError):  # one of them is of no time zone
        return max(0.0, (until - now).total_seconds())
    return None


def _word(error: BaseException) -> str:
    """The kind of an error; its text may show an address."""
    cause = error.__cause__
    return type(cause if isinstance(cause, ForbiddenAddress) else error).__name__
