"""Kafka or Redis dies once an act is written down: the page says what became of it, and nothing is half done.

The servers are real, and so is all that acts; only the moment at which they die is chosen, between two of its steps.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import APIRouter
from kafka import KafkaConsumer
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from events.console_acts import ConsoleAct
from events.topics import AUDIT_LOG, CAMPAIGN_HOLDS, CONTACT_COMMANDS
from sinks.base import ContactChange
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from streams.demo.deployment import open_deployment
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.services.console.acting import campaigns, decisions
from streams.services.console.acting.handlers import HANDLERS
from streams.services.console.acting.request import ActRequest, Handler, Ready
from streams.services.console.acting.route import routes_of
from streams.services.console.app import ROUTES
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.gate import Console
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.outcomes import Outcome
from streams.services.console.rights import Viewer
from streams.services.permission.audit_metrics import running_audit_log
from streams.worker.app import wall_clock
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import SignedInConsole
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling
from tests.integration.said import fresh
from tests.integration.system import settings_of
from tests.integration.waiting import until

ADA = Viewer("ada", frozenset({"sending", "privacy"}))
PROFILE = orjson.dumps({"zones": {"region": None}, "stops": {"senders": {}, "lists": {}}, "counts": {}})
ONE, OTHER, CAMPAIGN = "van.1", "van.2", "gotv"
FORMS: Mapping[str, dict[str, str]] = {
    "/people/suppress": {"contact": ONE, "because": "asked"},
    "/people/link": {"one": ONE, "other": OTHER},
    "/campaigns/lift": {"campaign": CAMPAIGN},
}
"""Acts that are sent to Kafka, and then seen in Redis."""
ACTS: tuple[ConsoleAct, ...] = ("suppress", "link", "lift")


class Moment:
    """When something happens: once as many acts as there are have come so far."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self._happens = happens
        self._left = len(FORMS)
        self._all = asyncio.Event()

    async def come(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._happens()
            self._all.set()
        await self._all.wait()


class Dying:
    """What happens once acts are written down, and once Kafka has been reached for them."""

    def __init__(self) -> None:
        self.once_written_down: Moment | None = None
        self.once_reached: Moment | None = None

    def handlers(self) -> Mapping[ConsoleAct, Handler]:
        return {act: partial(self._handler, HANDLERS[act]) for act in ACTS}

    async def _handler(self, handler: Handler, asked: ActRequest) -> Outcome | Ready:
        found = await handler(asked)
        return Ready(found.audited, partial(self._perform, found)) if isinstance(found, Ready) else found

    async def _perform(self, ready: Ready) -> Any:
        if self.once_written_down is not None:
            await self.once_written_down.come()
        return await ready.perform()

    async def kept_from_sending(
        self, kept: Callable[[Settings, str], Awaitable[Outcome | None]], settings: Settings, to: str
    ) -> Outcome | None:
        found = await kept(settings, to)
        if self.once_reached is not None:
            await self.once_reached.come()
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> Iterator[RedisServer]:
    """A Redis of these tests alone, which they may kill, beside a Kafka that has its topics."""
    with open_deployment(settings_of(stack)):
        found = RedisServer(tmp_path_factory.mktemp("redis"))
        found.start()
        yield found
        found.kill()


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    """In which two people are known, a campaign is held, and nothing is missing."""
    async with client_of(server.port, retries=1) as client:
        await client.flushall()
        sink, holds = RedisSink(client_of(server.port), stale_after=STALE_AFTER), HoldsSink(client_of(server.port))
        filling = Filling(sink, holds)
        await filling.all([ContactChange(each, 1, PROFILE, None, None) for each in (ONE, OTHER)])
        await filling.hold({CAMPAIGN: None}, at=2)
        await sink.close()
        await holds.close()
        yield client


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Dying:
    found = Dying()
    for module in (campaigns, decisions):
        monkeypatch.setattr(module, "WAIT_S", 0.5)  # no worker runs, so nobody shows anything
        monkeypatch.setattr(module, "kept_from_sending", partial(found.kept_from_sending, module.kept_from_sending))
    return found


@pytest.fixture
async def console(
    redis: Redis, server: RedisServer, stack: Stack, tmp_path: Path, dying: Dying
) -> AsyncIterator[SignedInConsole]:
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=stack.kafka_bootstrap,
        redis_url=f"redis://127.0.0.1:{server.port}/0",
        profiles_oldest_s=300,
    )
    Desk.create(tmp_path / "desk.sqlite").close()
    desk = DeskReader(tmp_path / "desk.sqlite")
    acts: Callable[[Console], APIRouter] = partial(routes_of, handlers=dying.handlers())
    async with running_audit_log(settings, ConsoleMetrics(CollectorRegistry()).audit) as audit:
        found = SignedInConsole(redis, tmp_path, desk, audit=audit, routes=(*ROUTES[:-1], acts), wall_ms=wall_clock())
        found.use(settings=settings.model_copy(update={"console_url": "https://console.test"}))
        yield found
    desk.close()


class Sender:
    """Somebody who sends the forms of these acts, each with a key of its own."""

    def __init__(self, console: SignedInConsole, browser: Any) -> None:
        self._console, self._browser = console, browser
        self._keys = {path: f"{fresh()}-a-key-of-a-form" for path in FORMS}

    async def send(self) -> list[tuple[int, str]]:
        """Status and title of each answer."""
        posts = [self._console.post(self._browser, path, self._keys[path], **form) for path, form in FORMS.items()]
        answers = await asyncio.gather(*posts)
        return [(answer.status_code, answer.text.partition("<h1>")[2].partition("</h1>")[0]) for answer in answers]


@pytest.fixture
async def ada(console: SignedInConsole) -> AsyncIterator[Sender]:
    async with console.browser(ADA) as browser:
        session = await console.sessions.find(next(iter(browser.cookies.values())), wall_clock())
        assert session is not None
        await console.sessions.change(session, wall_clock(), {"reason": "called"})
        yield Sender(console, browser)


def ordered(stack: Stack) -> tuple[int, int]:
    """How many commands and orders Kafka has, and how many of these acts are written down."""
    consumer = KafkaClients(settings_of(stack)).tool_consumer()
    try:
        sent = [record for topic in (CONTACT_COMMANDS, CAMPAIGN_HOLDS) for record in records_of(consumer, topic)]
        looked = [orjson.loads(record.value or b"{}") for record in records_of(consumer, AUDIT_LOG)]
    finally:
        consumer.close()
    return len(sent), sum(record.get("what") in ACTS for record in looked)


NOT_YET = [(503, "Sent, and not in force yet")] * 2 + [(503, "Ordered, and not in force yet")]
"""What is answered where no worker shows an effect; in the order of `FORMS`."""


@contextmanager
def hanging_at_last(stack: Stack) -> Iterator[Callable[[], None]]:
    """What makes Kafka hang until the end of the block."""
    hung: list[int] = []

    def hang() -> None:
        for pid in stack.pids:
            os.kill(pid, signal.SIGSTOP)
            hung.append(pid)

    try:
        yield hang
    finally:
        for pid in hung:
            os.kill(pid, signal.SIGCONT)


def ordered_again(stack: Stack) -> tuple[int, int]:
    """What was ordered, once Kafka that hung names a broker again: for a moment its controller may know of none."""
    consumer = KafkaClients(settings_of(stack)).tool_consumer()
    try:
        until(lambda: _names_brokers(consumer), "a broker that Kafka's controller knows of")
    finally:
        consumer.close()
    return ordered(stack)


def _names_brokers(consumer: KafkaConsumer) -> bool:
    try:
        return bool(consumer.partitions_for_topic(AUDIT_LOG))
    except KafkaError:
        return False


async def test_where_kafka_is_gone_once_acts_are_written_down_nothing_is_sent_and_each_page_says_so(
    console: SignedInConsole, ada: Sender, stack: Stack, dying: Dying
) -> None:
    sent, written = ordered(stack)
    there = console.deps.settings

    def vanish() -> None:
        console.use(settings=there.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"}))

    dying.once_written_down = Moment(vanish)
    assert await ada.send() == [(503, "Nothing was done")] * len(FORMS)
    assert ordered(stack) == (sent, written + len(FORMS))
    console.use(settings=there)
    for _ in range(2):  # the same forms are tried anew, since nothing was done, and then are done once
        assert await ada.send() == NOT_YET
        assert ordered(stack) == (sent + len(FORMS), written + 2 * len(FORMS))


async def test_where_kafka_hangs_just_as_acts_are_sent_nobody_is_told_that_they_were(
    ada: Sender, stack: Stack, dying: Dying
) -> None:
    sent, written = ordered(stack)
    told = [(503, "Not sure that it was sent")] * 2 + [(503, "Not sure that it was ordered")]
    with hanging_at_last(stack) as hang:
        dying.once_reached = Moment(hang)
        assert await ada.send() == told
    dying.once_reached = None
    assert await ada.send() == told
    assert ordered_again(stack) == (sent, written + len(FORMS))


async def test_where_redis_dies_once_acts_are_written_down_they_are_sent_once_and_not_relied_on(
    ada: Sender, server: RedisServer, stack: Stack, dying: Dying
) -> None:
    sent, written = ordered(stack)
    dying.once_written_down = Moment(server.kill)
    told = [(503, "Sent, and not in force yet")] * 2 + [(503, "Nothing was done")]  # holds are looked at once more
    try:
        assert await ada.send() == told
    finally:
        server.start()
    dying.once_written_down = None
    assert ordered(stack) == (sent + 2, written + len(FORMS))
    for _ in range(2):  # of which nothing was done is tried anew, what was sent is not sent again
        assert await ada.send() == NOT_YET
        assert ordered(stack) == (sent + len(FORMS), written + len(FORMS) + 1)
