"""`/send` on a real Redis and Kafka, with `harmonia permit` in child processes: what is reserved, and what is left."""

import asyncio
import csv
import os
import secrets
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from events.topics import AUDIT_LOG
from sinks.reservations import decode
from streams.domain.pressure import default_policy_text
from streams.local.stack import Stack
from streams.services.audience.workbook import TOO_MUCH
from streams.services.console import sendings
from streams.services.console.rights import Viewer
from streams.services.console.sendings import Sending
from streams.services.console.signin import COOKIE
from streams.worker.app import wall_clock
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import ORIGIN, SignedInConsole, Written
from tests.contract.redis_server import RedisServer
from tests.contract.test_permission_on_redis import fill
from tests.integration.said import fresh
from tests.integration.system import settings_of
from tests.integration.tap import tapped
from tests.integration.waiting import PATIENCE_S
from tests.unit.services.audience.test_workbook import FAR_AWAY, text, workbook_of

ADA = Viewer("ada", frozenset({"sending"}))
BOB = Viewer("bob", frozenset({"sending"}))
EVIL = '=HYPERLINK("http://example.org")'
KEY = "a-key-of-a-form-0001"
MANY = 8_000
"""So many that there is a moment at which only some are reserved."""


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """In which nobody is known, and nothing is missing."""
    async with client_of(redis_server.port, retries=5) as client:
        await client.flushall()
        await fill(redis_server)
        yield client


@pytest.fixture
async def console(
    redis: Redis, redis_server: RedisServer, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SignedInConsole]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", stack.kafka_bootstrap)
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{redis_server.port}/0")
    monkeypatch.setenv("HARMONIA_PROFILES_OLDEST_S", "300")
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    found = SignedInConsole(redis, tmp_path, audit=Written(), wall_ms=wall_clock())
    yield found
    await found.deps.sendings.stop()


class Sender:
    """Somebody at `/send`."""

    def __init__(self, console: SignedInConsole, browser: httpx.AsyncClient, name: str) -> None:
        self._console, self._browser, self.name = console, browser, name

    @property
    def sending(self) -> Sending:
        found = self._console.deps.sendings.of(self.name)
        assert found is not None
        return found

    async def upload(self, text: bytes, team: str = "digital", once: str = "", **more: str) -> None:
        """Have a list judged, to the end."""
        signed_in = await self._console.sessions.find(self._browser.cookies[COOKIE], wall_clock())
        assert signed_in is not None
        said = {"channel": "letter", "purpose": "informational", "team": team, **more}
        form = {"csrf": signed_in.session.csrf, "once": once or secrets.token_urlsafe(16), **said}
        files = {"list": ("list.csv", text, "text/csv")}
        answer = await self._browser.post("/send/judge", data=form, files=files, headers={"Origin": ORIGIN})
        assert (answer.status_code, answer.headers["location"]) == (303, "/send")
        await self.ended()

    async def ended(self) -> None:
        """Wait until the child has ended, whatever came of it."""
        task = self.sending.task
        assert task is not None
        await asyncio.wait_for(asyncio.shield(asyncio.wait({task})), PATIENCE_S)

    async def reserve(self, once: str = "") -> httpx.Response:
        """Press the button; the child runs on."""
        return await self._console.post(self._browser, "/send/reserve", once)

    async def give_back(self) -> httpx.Response:
        return await self._console.post(self._browser, "/send/give-back")

    async def get(self, path: str) -> str:
        answer = await self._browser.get(path)
        assert answer.status_code == 200
        return answer.text.partition("<main")[2]

    async def cancel(self) -> None:
        await self._console.post(self._browser, "/send/cancel")

    async def forget(self) -> None:
        await self._console.post(self._browser, "/send/cancel", forget="1")

    async def page(self) -> str:
        return await self.get("/send")

    async def download(self) -> httpx.Response:
        return await self._browser.get("/send/download")

    async def downloaded(self) -> list[dict[str, str]]:
        answer = await self.download()
        assert answer.headers["content-type"].startswith("text/csv"), answer.text
        return list(csv.DictReader(answer.text.splitlines()))


@asynccontextmanager
async def senders(console: SignedInConsole, *viewers: Viewer) -> AsyncIterator[list[Sender]]:
    async with AsyncExitStack() as closing:
        yield [
            Sender(console, await closing.enter_async_context(console.browser(viewer)), viewer.name)
            for viewer in viewers
        ]


def addresses(number: int) -> list[str]:
    name = fresh()
    return [f"{name}-{each}@example.org" for each in range(number)]


def list_of(emails: Sequence[str], note: str = "x") -> bytes:
    quoted = note.replace('"', '""')
    return "".join(["email,note\n", *(f'{email},"{quoted}"\n' for email in emails)]).encode()


def keys_of(console: SignedInConsole, emails: Sequence[str]) -> set[bytes]:
    """The keys in Redis of reservations of these people."""
    hasher = console.deps.settings.hasher
    return {f"reservation:{hasher.lookups('email', email)[0]}:letter".encode() for email in emails}


async def reserved(redis: Redis) -> dict[bytes, bytes]:
    keys = [key async for key in redis.scan_iter("reservation:*", count=1000)]
    values = await redis.mget(keys) if keys else []
    return {key: value for key, value in zip(keys, values, strict=True) if isinstance(value, bytes)}


def children() -> list[int]:
    """The processes that this one has started and that run, with theirs."""
    found: list[int] = []
    left = [os.getpid()]
    while left:
        pid = left.pop()
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            each = [int(child) for child in task.read_text().split()]
            found, left = found + each, left + each
    return [pid for pid in found if b"streams.cli.main" in command_of(pid) or b"multiprocessing" in command_of(pid)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def until_some_are_reserved(redis: Redis) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await reserved(redis):  # noqa: ASYNC110 (Redis does not tell)
            await asyncio.sleep(0.01)


async def test_what_is_reserved_is_what_is_downloaded_and_nothing_is_reserved_twice(
    console: SignedInConsole, redis: Redis
) -> None:
    emails = addresses(5)
    async with senders(console, ADA) as [ada]:
        await ada.upload(list_of([*emails, emails[0], ""], EVIL))
        shown = await ada.page()
        assert "5 of 7 may be reached now, 0 later, 2 not." in shown
        assert await reserved(redis) == {}
        assert (await ada.reserve(KEY)).status_code == 303
        await ada.ended()
        assert "are reserved for digital" in await ada.page()
        found = await reserved(redis)
        rows = await ada.downloaded()
        assert keys_of(console, [row["email"] for row in rows]) == set(found)
        assert [row["email"] for row in rows] == emails
        assert {row["note"] for row in rows} == {f"'{EVIL}"}
        assert (await ada.reserve(KEY)).status_code == 303
        await ada.ended()
        assert await reserved(redis) == found


async def test_reserving_asks_once_and_is_given_back_as_a_whole(
    console: SignedInConsole, redis: Redis, stack: Stack
) -> None:
    emails = addresses(3)
    async with senders(console, ADA) as [ada]:
        await ada.upload(list_of(emails))
        assert 'href="/send/reserve"' in await ada.page()
        assert "/send/give-back" not in await ada.page()
        asked = await ada.get("/send/reserve")
        assert "3 people may be reached now." in asked
        assert "every other team is told to wait, on every channel" in asked
        assert await reserved(redis) == {}
        with tapped(settings_of(stack), AUDIT_LOG) as tap:
            await ada.reserve()
            await ada.ended()
            tap.until(bool, "the record of the list")
        [record] = [orjson.loads(one.value or b"") for one in tap.records]
        assert (record["viewer"], record["team"], record["reserved_s"]) == ("ada", "digital", 7_200)
        assert set(await reserved(redis)) == keys_of(console, emails)
        assert ada.sending.list_id in await ada.page()
        assert (await ada.give_back()).status_code == 303
        assert await reserved(redis) == {}
        shown = await ada.page()
        assert "3 people were given back: other teams may ask for them again." in shown
        assert 'href="/send/reserve"' in shown
        assert "/send/give-back" not in shown
        assert "Nobody of your list is reserved." in (await ada.give_back()).text


async def test_two_who_reserve_one_list_at_once_share_it_out(console: SignedInConsole, redis: Redis) -> None:
    emails = addresses(600)
    async with senders(console, ADA, BOB) as both:
        teams = {"ada": "digital", "bob": "field"}
        await asyncio.gather(*(each.upload(list_of(emails), teams[each.name]) for each in both))
        await asyncio.gather(*(each.reserve() for each in both))
        await asyncio.gather(*(each.ended() for each in both))
        lists = {teams[each.name]: {row["email"] for row in await each.downloaded()} for each in both}
    assert lists["digital"] | lists["field"] == set(emails)
    assert not lists["digital"] & lists["field"]
    found = await reserved(redis)
    for team, mine in lists.items():
        theirs = {key for key, value in found.items() if decode(value).team == team}
        assert theirs == keys_of(console, [*mine])


async def test_of_a_reservation_that_is_cancelled_killed_or_loses_a_server_the_page_says_how_far_it_came(
    console: SignedInConsole, redis_server: RedisServer, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One upload for all: the list is still there afterwards, and no process is left."""
    others = set(children())  # of other tests
    async with senders(console, ADA) as [ada]:
        await ada.upload(list_of(addresses(MANY)))
        assert f"{MANY:,} of {MANY:,} may be reached now" in await ada.page()
        with monkeypatch.context() as away:
            away.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
            await ada.reserve()
            await ada.ended()
        shown = await ada.page()
        assert "Kafka does not take until when is reserved" in shown
        assert "Nobody was reserved." in shown
        assert await reserved(redis) == {}

        await ada.reserve()
        await until_some_are_reserved(redis)
        await ada.cancel()
        assert set(children()) <= others
        told = await told_how_far(ada, redis)
        assert "It was cancelled. The list is still here." in await ada.page()
        await ada.cancel()  # of which nothing is left to do
        assert told in await ada.page()
        await reserved_whole_and_given_back(ada, redis)

        await ada.reserve()
        await until_some_are_reserved(redis)
        [parent] = [pid for pid in set(children()) - others if b"permit" in command_of(pid)]
        os.kill(parent, signal.SIGKILL)
        await ada.ended()
        assert set(children()) <= others
        await told_how_far(ada, redis)
        assert "nothing of it can be downloaded" in await ada.page()
        await reserved_whole_and_given_back(ada, redis)

        await ada.reserve()
        await until_some_are_reserved(redis)
        redis_server.kill()
        try:
            await ada.ended()
        finally:
            redis_server.start()
        await told_how_far(ada, redis)


async def reserved_whole_and_given_back(sender: Sender, redis: Redis) -> None:
    """Go on with a reservation that was broken off, without an upload."""
    await sender.reserve()
    await sender.ended()
    assert len(await reserved(redis)) == len(await sender.downloaded()) == MANY
    await sender.give_back()
    assert await reserved(redis) == {}


async def told_how_far(sender: Sender, redis: Redis) -> str:
    """What the page says of a reservation that was broken off, of which nothing is to be downloaded."""
    left = len(await reserved(redis))
    assert 0 < left < MANY
    told = f"{left:,} people were reserved for digital"
    assert told in await sender.page()
    assert (await sender.download()).headers["location"] == "/send"
    return told


async def test_a_form_sent_again_is_about_its_own_list_which_a_console_started_anew_gives_back(
    console: SignedInConsole, redis: Redis
) -> None:
    async with senders(console, ADA) as [ada]:
        await ada.upload(list_of(addresses(1)), once=KEY)
        await ada.upload(list_of(addresses(2)), once=KEY)
        assert "2 of 2 may be reached now" in await ada.page()
        await ada.reserve()
        await ada.ended()
        await console.deps.sendings.stop()
        shown = await ada.page()
        assert "is gone: the console was started anew" in shown
        assert "may be reached now" not in shown
        await ada.give_back()
        assert await reserved(redis) == {}
        assert "2 people were given back" in await ada.page()
        await ada.forget()
        assert "was started anew" not in await ada.page()


async def test_a_workbook_is_judged_as_csv_and_one_that_fills_the_memory_is_refused(console: SignedInConsole) -> None:
    one, two = addresses(2)
    rows = "".join(f'<row r="{n}">{text(f"A{n}", said)}</row>' for n, said in enumerate(("email", one, two), 1))
    async with senders(console, ADA) as [ada]:
        await ada.upload(workbook_of(rows))
        assert "2 of 2 may be reached now" in await ada.page()
        assert [row["email"] for row in await ada.downloaded()] == [one, two]
        await ada.upload(FAR_AWAY)
        assert TOO_MUCH[1:] in await ada.page()


async def test_a_list_of_which_more_would_be_written_than_the_disk_is_for_is_refused_with_the_limit(
    console: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sendings, "MOST_JUDGED_BYTES", 9_000)
    async with senders(console, ADA, Viewer("fr", ADA.roles, language="fr")) as each:
        for sender, told in zip(each, ("9,000 bytes", "9\u202f000 octets"), strict=True):
            await sender.upload(b"email\n" + b"a\n" * 1_000)
            shown = await sender.page()
            assert told in shown
            assert 'lang="en"' not in shown
            assert (await sender.download()).headers["location"] == "/send"
            files = sender.sending.allowed, sender.sending.others
            assert [file.seek(0, os.SEEK_END) for file in files] == [0, 0]


async def test_a_transactional_list_needs_no_reservation_and_gets_none(
    console: SignedInConsole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(default_policy_text().replace("teams = []", 'teams = ["digital"]', 1))
    monkeypatch.setenv("HARMONIA_POLICY", str(policy))
    async with senders(console, ADA) as [ada]:
        await ada.upload(list_of(addresses(1)), purpose="transactional")
        shown = await ada.page()
        assert "1 of 1 may be reached now" in shown
        assert "/send/reserve" not in shown
        assert (await ada.reserve()).status_code == 422
