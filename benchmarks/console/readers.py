"""People who look at the console: each tab loads a page, keeps it live for a while, and goes on to another one.

They speak HTTP as a browser does, with a session's cookie and a stream for each page, and draw nothing. What is timed
is a page from the request to the last byte of its answer.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

import aiohttp

from benchmarks.suites import BenchmarkFailed

STAYS_S = (8.0, 16.0)
"""For how long somebody looks at a page, at least and at most."""
REPORT_S = 180.0
_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_END_OF_EVENT = b"\n\n"
_EVENTS = re.compile(r'"(/events\?[^"]+)"')


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who may sign in. `more`: what else the file of people says of them; `region`: the one they see."""

    name: str
    roles: tuple[str, ...]
    more: str = ""
    region: str | None = None

    @property
    def toml(self) -> str:
        """Their part of the file of people; their name is their token."""
        digest = hashlib.sha256(self.name.encode()).hexdigest()
        roles = ", ".join(f'"{role}"' for role in self.roles)
        return f'[people.{self.name}]\ntoken = "{digest}"\nroles = [{roles}]\n{self.more}\n'


_ALL = ("figures", "field", "treasury", "sending", "operations", "privacy")
READERS = (
    Reader("director", _ALL),
    Reader("manager", _ALL, 'language = "fr"'),
    Reader("strategist", ("figures",)),
    Reader("analyst", ("figures",), 'language = "fr"'),
    Reader("ohio", ("field",), 'regions = ["US-OH"]', "US-OH"),
    Reader("pennsylvania", ("field",), 'regions = ["US-PA"]', "US-PA"),
    Reader("organiser", ("field",)),
    Reader("treasurer", ("treasury",)),
    Reader("bookkeeper", ("treasury",), 'committees = ["C1"]'),
    Reader("mailer", ("sending",)),
    Reader("oncall", ("operations",)),
    Reader("officer", ("privacy",)),
)
PAGES_OF: Mapping[str, Sequence[str]] = {
    "figures": (
        *("/", "/campaigns", "/campaigns/{campaign}", "/field", "/field/{region}", "/money"),
        *("/experiments", "/experiments/{experiment}", "/days/{date}", "/alerts/{rule}"),
    ),
    "field": ("/", "/field", "/field/{region}", "/people", "/people/{id}"),
    "treasury": ("/", "/money", "/people", "/people/{id}"),
    "sending": ("/", "/campaigns", "/campaigns/{campaign}", "/experiments", "/people/{id}"),
    "operations": ("/", "/status", "/status/{runbook}"),
    "privacy": ("/", "/people/{id}", "/status"),
}
"""What the people of a role look at, by the name of the page in the table of figures."""


@dataclass(slots=True)
class Looked:
    """Seconds that each page took, by its name; how many events streams sent; what was answered in place of a page."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    changes: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def clear(self) -> None:
        """Begin anew."""
        self.seconds.clear()
        self.refused.clear()
        self.changes = 0


Addresses = Callable[[str, Random, str | None], str]
"""From the name of a page to a path of it, for somebody who sees one region or (None) all."""


class Tab:
    """One tab of somebody who is signed in."""

    def __init__(self, reader: Reader, client: aiohttp.ClientSession, url: str, looked: Looked, rng: Random) -> None:
        self._region = reader.region
        self._client = client
        self._url = url
        self._looked = looked
        self._rng = rng

    async def look(self, pages: Iterator[str], address_of: Addresses) -> None:
        """Look at one page after the other, without an end."""
        await asyncio.sleep(self._rng.random() * STAYS_S[1])
        for name in pages:
            began = time.perf_counter()
            async with self._client.get(self._url + address_of(name, self._rng, self._region)) as answer:
                text = await answer.text()
            if answer.status == 200:
                self._looked.seconds.setdefault(name, []).append(time.perf_counter() - began)
            else:
                said = f"{answer.status} {name}"
                self._looked.refused[said] = self._looked.refused.get(said, 0) + 1
            stays = self._rng.uniform(*STAYS_S)
            live = _EVENTS.search(text)
            if live is None:
                await asyncio.sleep(stays)
            else:
                await self._stay(self._url + live[1].replace("&amp;", "&"), stays)

    async def _stay(self, stream: str, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._client.get(stream) as answer:
                last = b""
                async for text in answer.content.iter_any():
                    self._looked.changes += (last + text).count(_END_OF_EVENT)
                    last = text[-1:]


async def sign_in(client: aiohttp.ClientSession, url: str, token: str) -> None:
    """Sign somebody in, who then says why they look at people. Raises `BenchmarkFailed`."""
    headers = {"Origin": url}
    async with client.get(f"{url}/signin") as form:
        [csrf] = _TOKEN.findall(await form.text())
        cookie = form.headers["Set-Cookie"].partition(";")[0]
    said = {"csrf": csrf, "token": token}
    async with client.post(
        f"{url}/signin", data=said, headers={**headers, "Cookie": cookie}, allow_redirects=False
    ) as answer:
        if answer.status != 303:
            raise BenchmarkFailed(f"{token} cannot sign in: {answer.status}")
        made = [each.partition(";")[0] for each in answer.headers.getall("Set-Cookie")]
    client.headers["Cookie"] = next(each for each in made if each.startswith("__Host-harmonia="))
    async with client.get(f"{url}/people") as page:
        found = _TOKEN.findall(await page.text())
    if page.status == 200:
        await client.post(f"{url}/people", data={"csrf": found[0], "reason": "task", "who": ""}, headers=headers)


async def reported(url: str, date: str) -> None:
    """Look at a day until its report is made. Raises `BenchmarkFailed` where it cannot be."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        await sign_in(client, url, READERS[0].name)
        until = time.monotonic() + REPORT_S
        while time.monotonic() < until:
            async with client.get(f"{url}/days/{date}") as page:
                if 'class="figures"' in await page.text():
                    return
            await asyncio.sleep(1)
    raise BenchmarkFailed(f"no report of {date} within {REPORT_S:.0f} s")


@asynccontextmanager
async def looking(url: str, tabs: int, address_of: Addresses, seed: int) -> AsyncIterator[Looked]:
    """So many tabs for the length of a block. Raises what one of them failed with."""
    looked, clients = Looked(), []
    try:
        for reader in READERS:
            client = aiohttp.ClientSession(
                timeout=_PATIENCE, connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
            clients.append(client)
            await sign_in(client, url, reader.name)
        async with asyncio.TaskGroup() as group:
            tasks = []
            for number in range(tabs):
                reader, rng = READERS[number % len(READERS)], Random(f"{seed} {number}")
                pages = list(dict.fromkeys(page for role in reader.roles for page in PAGES_OF[role]))
                rng.shuffle(pages)
                tab = Tab(reader, clients[number % len(READERS)], url, looked, rng)
                tasks.append(group.create_task(tab.look(cycle(pages), address_of)))
            yield looked
            for task in tasks:
                task.cancel()
    finally:
        for client in clients:
            await client.close()
