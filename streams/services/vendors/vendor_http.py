"""Calls a vendor's API: at its pace, again after troubles that pass, and never anywhere else than to that vendor.

No redirect is followed and no proxy of the environment is used. What is raised names the part of the API that was
called and what the vendor answered in numbers; nothing of a URL, a body or an answer, for people are in them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import orjson
from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)
from yarl import URL

from events.json_types import JSON
from streams.platform.errors import Unusable

TRIES = 6
"""Calls of a request that the vendor does not answer, or answers with 5xx."""
UNREACHED_TRIES = 2
"""Calls of a server that nobody has reached yet: its name does not resolve, or nothing listens there."""
FIRST_PAUSE_S = 1.0
REFUSALS = 30
"""Answers in a row that say to come later."""
LONGEST_WAIT_S = 900.0
ANSWER_BYTES = 32 << 20
LIMIT_S = 60.0
_BUSY = 429
_FORBIDDEN = (401, 403)
_NOT_THERE = 404


class VendorTrouble(Unusable):
    """A vendor that does not do what was asked: what it was, and the cure."""


class VendorSilent(VendorTrouble):
    """A vendor that does not answer: what was asked may have been done."""


class VendorClock(Protocol):
    """The time, and waiting."""

    def now(self) -> float:
        """Seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class WallClock:
    """The machine's time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class VendorApi:
    """Where a vendor's API is, and how it is called. `setting`: the variable of the key; `spacing`: s between calls."""

    vendor: str
    base: str
    headers: Mapping[str, str]
    setting: str
    spacing: float

    def __repr__(self) -> str:
        return f"VendorApi({self.vendor})"

    @property
    def url_cure(self) -> str:
        """What to look at where the address may be wrong."""
        return f"is {self.setting.removesuffix('_KEY')}_URL right?"


class VendorCall(NamedTuple):
    """A request. `what`: the part of the API, for messages; `path`: below the base, or a link to the same server.

    It may be carried out up to `tries` times, as the answer to the first may have been lost.
    """

    method: str
    what: str
    path: str
    body: JSON = None
    tries: int = TRIES


class VendorAnswer:
    """An answer: its status, and what its JSON says; None: it was empty."""

    def __init__(self, status: int, body: JSON) -> None:
        self.status = status
        self.body = body

    def object(self) -> dict[str, JSON]:
        """The body, where it is an object; else an empty one."""
        return self.body if isinstance(self.body, dict) else {}


class VendorHttp:
    """The connection to one vendor. To be opened with `vendor_http`."""

    def __init__(self, api: VendorApi, session: ClientSession, clock: VendorClock) -> None:
        self.api = api
        self.clock = clock
        self._session = session
        self._next = 0.0
        self.is_reached = False
        """Whether the server has answered anything, so that its address is right."""

    async def get(self, what: str, path: str, *allowed: int) -> VendorAnswer:
        """Read; see `VendorCall`."""
        return await self.call(VendorCall("GET", what, path), 200, *allowed)

    async def call(self, asked: VendorCall, *allowed: int) -> VendorAnswer:
        """Call until there is an answer of those allowed. Raises `VendorTrouble`."""
        url, troubles = self._url(asked.what, asked.path), _Troubles(self, asked.what, asked.tries)
        while True:
            await self._pace()
            try:
                status, headers, content = await self._once(asked.method, url, asked.body)
            except (ClientError, TimeoutError, OSError) as error:
                await troubles.silent(type(error).__name__, error=error)
                continue
            self.is_reached = True
            if status in allowed:
                return VendorAnswer(status, self._json(asked.what, content))
            await troubles.wait(status, headers)

    @asynccontextmanager
    async def download(self, what: str, url: str) -> AsyncIterator[ClientResponse]:
        """The content of a file that the vendor has put somewhere; the key does not go there."""
        read = _read_url(url)
        if read is None or not is_safe(url, is_local=is_loopback(urlsplit(self.api.base).hostname)):
            raise VendorTrouble(f"{self.api.vendor}: {what}: is at no address that begins with https://")
        answer = await self._opened(what, read)
        try:
            async with answer:
                yield answer
        except (ClientError, TimeoutError, OSError) as error:
            raise VendorSilent(f"{self.api.vendor}: {what}: {type(error).__name__}; run it again later") from None

    async def _opened(self, what: str, url: URL) -> ClientResponse:
        """The beginning of a file, tried again as calls are."""
        limit, troubles = (
            ClientTimeout(None, sock_connect=LIMIT_S, sock_read=LIMIT_S),
            _Troubles(self, what, TRIES, is_file=True),
        )
        while True:
            try:
                answer = await self._session.get(url, allow_redirects=False, timeout=limit)
            except (ClientError, TimeoutError, OSError) as error:
                await troubles.silent(type(error).__name__)
                continue
            if answer.status == 200:
                return answer
            answer.release()
            await troubles.wait(answer.status, answer.headers)

    async def _once(self, method: str, url: URL, body: JSON) -> tuple[int, Mapping[str, str], bytes]:
        headers = {**self.api.headers, "Accept": "application/json, application/hal+json"}
        content = None if body is None else orjson.dumps(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        async with self._session.request(method, url, data=content, headers=headers, allow_redirects=False) as answer:
            read = await answer.content.read(ANSWER_BYTES + 1) if answer.status < 300 else b""
            while answer.status < 300 and len(read) <= ANSWER_BYTES and (more := await answer.content.readany()):
                read += more
            return answer.status, answer.headers, read

    async def _pace(self) -> None:
        """Wait until the next call is due."""
        now = self.clock.now()
        if now < self._next:
            await self.clock.sleep(self._next - now)
        self._next = max(now, self._next) + self.api.spacing

    def _url(self, what: str, path: str) -> URL:
        """The address of a path, or of a link; encoded as it came, so that it is asked for as the vendor wrote it.

        It is looked at whole: what a vendor pastes behind a base may make it another server's.
        """
        base = self.api.base.rstrip("/")
        url = _read_url(path if path.startswith(("http://", "https://")) else f"{base}{path}")
        if url is None or url.user is not None or url.password is not None or url.origin() != URL(base).origin():
            raise VendorTrouble(f"{self.api.vendor}: {what}: its next page is on another server, which is not asked")
        return url

    def _json(self, what: str, content: bytes) -> JSON:
        if not content.strip():
            return None
        try:
            read: JSON = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise VendorTrouble(f"{self.api.vendor}: {what}: the answer is no JSON; {self.api.url_cure}") from None
        return read


class _Troubles:
    """Waits after a call that came to nothing, or raises `VendorTrouble` where there is nothing to wait for."""

    def __init__(self, http: VendorHttp, what: str, tries: int, *, is_file: bool = False) -> None:
        self._http = http
        self._clock = http.clock
        self._setting = http.api.setting
        self._called = f"{http.api.vendor}: {what}"
        self._tries = tries
        self._is_file = is_file
        self._failures = self._busy = 0

    async def wait(self, status: int, headers: Mapping[str, str]) -> None:
        """Wait as the answer says, or as after no answer."""
        if status == _BUSY and self._busy < REFUSALS:
            self._busy += 1
            await self._wait_as_told(headers)
        elif status >= 500:
            await self.silent(f"HTTP {status}", headers)
        else:
            raise self._refused(status)

    async def silent(
        self, told: str, headers: Mapping[str, str] | None = None, *, error: Exception | None = None
    ) -> None:
        """Wait, longer each time and at least as long as `headers` say, until the tries are used up.

        `error`: with which it was not reached.
        """
        self._failures += 1
        if not self._http.is_reached and (why := _unreached(error)) and self._failures >= UNREACHED_TRIES:
            raise VendorSilent(f"{self._called}: {why}; {self._http.api.url_cure}")
        if self._failures >= self._tries:
            raise VendorSilent(f"{self._called}: {told} after {self._failures} tries; run it again later")
        if headers is not None and "Retry-After" in headers:
            await self._wait_as_told(headers)
        await self._clock.sleep(FIRST_PAUSE_S * 2 ** (self._failures - 1))

    async def _wait_as_told(self, headers: Mapping[str, str]) -> None:
        seconds = told_wait(headers, self._clock.now())
        if seconds > LONGEST_WAIT_S:
            minutes = f"{seconds / 60:.0f} minutes"
            raise VendorTrouble(f"{self._called}: takes no more calls for {minutes}; run it again then")
        await self._clock.sleep(seconds)

    def _refused(self, status: int) -> VendorTrouble:
        told = f"{self._called}: HTTP {status}"
        if self._is_file and 400 <= status < 500:
            return VendorTrouble(f"{told}: a file that it has named is not given; run it again")
        if status in _FORBIDDEN:
            return VendorTrouble(f"{told}: {self._setting} is not a key that may do this; give one that may")
        if 300 <= status < 400:
            return VendorTrouble(f"{told}: it sends elsewhere, which is not followed; {self._http.api.url_cure}")
        if status == _NOT_THERE:
            return VendorTrouble(f"{told}: there is no such thing; {self._http.api.url_cure}")
        if status == _BUSY:
            return VendorTrouble(f"{told}: it takes no more calls; run it again later")
        return VendorTrouble(f"{told}, which the description of its API does not tell of")


def _unreached(error: Exception | None) -> str:
    """Why a server cannot be reached, where trying again soon does not help; empty of all else."""
    if isinstance(error, ClientConnectorDNSError):
        return "its name does not resolve"
    if isinstance(error, ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return "nothing listens there"
    return ""


@asynccontextmanager
async def vendor_http(api: VendorApi, clock: VendorClock) -> AsyncIterator[VendorHttp]:
    """A connection to a vendor, for the length of a block."""
    timeout = ClientTimeout(total=LIMIT_S)
    async with ClientSession(cookie_jar=DummyCookieJar(), timeout=timeout, trust_env=False) as session:
        yield VendorHttp(api, session, clock)


def told_wait(headers: Mapping[str, str], now: float) -> float:
    """How many seconds to wait by `Retry-After`, or the time in `X-RateLimit-Reset`; one where neither can be read."""
    after, reset = headers.get("Retry-After", "").strip(), headers.get("X-RateLimit-Reset", "").strip()
    if after.isascii() and after.isdecimal():
        return float(after)
    if after:
        try:
            return max(0.0, parsedate_to_datetime(after).timestamp() - now)
        except ValueError:
            pass
    if reset.isascii() and reset.isdecimal():
        return max(1.0, float(reset) - now)
    return 1.0


def is_safe(url: str, *, is_local: bool) -> bool:
    """Whether a URL may be asked: https, or on this machine where `is_local`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (is_local and parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine, by address."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def _read_url(text: str) -> URL | None:
    """A URL with a host, encoded as it is; None: it is none."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        return None
    try:
        url = URL(text, encoded=True)
        return None if url.host is None or url.port is None else url
    except ValueError:
        return None
