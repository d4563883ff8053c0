"""A console in this process on a real Redis, asked by people who are signed in."""

import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from events.outputs import AuditRecord
from sinks.base import ContactChange
from sinks.holds import HoldsSink
from sinks.lookup import Lookup
from sinks.redis import RedisSink
from sinks.reservations import Reservations
from streams.domain.pressure import Policy, default_policy
from streams.domain.segments.previews import PreviewQuestion
from streams.history.insights.own_process import InsightsProcess
from streams.platform.settings import Settings
from streams.services.console.app import PAGES, ROUTES, build_console
from streams.services.console.day_reports import DayReports
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.desk_access import DeskReader
from streams.services.console.gate import Console
from streams.services.console.live import Hub
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.observer import LookAt, StatusObserver
from streams.services.console.oidc import Provider
from streams.services.console.people import People, Person
from streams.services.console.rights import Viewer
from streams.services.console.signin import COOKIE, Sessions
from streams.services.console.views import Views
from streams.services.permission.audit_log import AuditLog, AuditUnavailable
from streams.services.permission.decisions import PermissionJudge
from streams.services.segment_preview import SegmentPreview
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling

ORIGIN = "https://console.test"
NOW = 1_352_250_000_000
"""2012-11-07T01:00Z, the evening of 6 November in New York."""
STRATEGIST = Viewer("ada", frozenset({"figures"}))
PRINTS = "import pathlib, sys; print(pathlib.Path(sys.argv[1], sys.argv[-1].partition('=')[2]).read_text())"
"""Stands in for `harmonia report daily`: prints the file of the day."""


def _no_producer() -> Any:
    raise AssertionError("nothing is sent")


async def _no_reservation(_: int) -> None:
    raise AssertionError("nobody is reserved")


class Written(AuditLog):
    """Keeps what is written down; `is_away`: as while Kafka is."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.is_away = False

    async def write(self, record: AuditRecord) -> None:
        if self.is_away:
            raise AuditUnavailable
        self.records.append(record)


class SignedInConsole:
    """One process of the console. `days`: a folder with a file for each day that has a report.

    `preview`: what workers answer. `provider`: at which people may sign in. `wall_ms`: what time it really is, where
    the clock of pages is another one.
    `audit`: where looks and acts are written down, nowhere without it.
    """

    url = ORIGIN
    """Where readers find it."""
    switch_to: tuple[tuple[str, str], ...] = ()
    """The accounts of a demo, with what pages call them."""

    def __init__(  # noqa: PLR0913 (what a console may be given)
        self,
        redis: Redis,
        days: Path,
        desk: DeskReader | None = None,
        *,
        provider: Provider | None = None,
        wall_ms: int = NOW,
        audit: AuditLog | None = None,
        routes: tuple[Callable[[Console], APIRouter], ...] = ROUTES,
        preview: Callable[[PreviewQuestion], SegmentPreview] | None = None,
    ) -> None:
        self._wall_ms = wall_ms
        settings = Settings(time_zone="America/New_York", console_url=self.url)
        metrics = ConsoleMetrics(CollectorRegistry())
        self.people: dict[str, Person] = {}
        lookup = Lookup(redis, settings.profiles_oldest_s)
        judge = PermissionJudge(lookup, Reservations(redis), default_policy, lambda: NOW, _no_reservation)
        audit = audit or AuditLog(_no_producer, metrics.audit.pending.set, metrics.audit.failures.inc)
        people = People(self.people)
        self.reports = DayReports(InsightsProcess((sys.executable, "-c", PRINTS, str(days)), fresh_s=0.0))
        deps = ConsoleDependencies(
            settings=settings,
            redis=redis,
            people=people,
            clock=lambda: NOW,
            wall=lambda: wall_ms,
            metrics=metrics,
            observer=StatusObserver(LookAt(settings)),
            lookup=lookup,
            judge=judge,
            views=Views(audit, lambda: NOW),
            provider=provider,
            day_reports=self.reports,
            desk=desk,
            called=dict(self.switch_to),
            preview=preview,
        )
        self.deps = deps
        self.sessions = Sessions(redis, people)
        self.hub = Hub(metrics)
        self.app = build_console(Console(deps, self.hub, self.sessions, PAGES, self.switch_to), routes)

    def use(self, **deps: object) -> None:
        """Put something in the place of a dependency."""
        for name, each in deps.items():
            object.__setattr__(self.deps, name, each)

    def judge_by(self, policy: Callable[[], Policy], clock: Callable[[], int] = lambda: NOW) -> None:
        """Decide by another policy."""
        reservations = Reservations(self.deps.redis)
        self.use(judge=PermissionJudge(self.deps.lookup, reservations, policy, clock, _no_reservation))

    async def stop(self) -> None:
        """End what runs beside the pages."""
        for each in (self.reports, self.deps.jobs, self.deps.sendings, self.deps.observer, self.deps.deliveries):
            if each is not None:
                await each.stop()

    async def post(self, browser: httpx.AsyncClient, path: str, once: str = "", **fields: str) -> httpx.Response:
        """Send a form of a page; without `once` it is one that was never sent."""
        signed_in = await self.sessions.find(browser.cookies[COOKIE], self._wall_ms)
        assert signed_in is not None
        form = {"csrf": signed_in.session.csrf, "once": once or secrets.token_urlsafe(16), **fields}
        return await browser.post(path, data=form, headers={"Origin": ORIGIN})

    @asynccontextmanager
    async def browser(self, viewer: Viewer) -> AsyncIterator[httpx.AsyncClient]:
        """A browser in which somebody is signed in."""
        self.people[viewer.name] = Person(viewer)
        signed_in = await self.sessions.begin(viewer, self._wall_ms)
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies={COOKIE: signed_in.id}) as client:
            yield client


async def page_of(console: SignedInConsole, path: str, viewer: Viewer = STRATEGIST, status: int = 200) -> str:
    """The text of a page, as somebody sees it."""
    async with console.browser(viewer) as browser:
        answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def fill_people(server: RedisServer, *people: ContactChange) -> None:
    """Fill Redis with people, and with all else that pages want to be whole."""
    async with client_of(server.port) as client:
        await Filling(RedisSink(client, stale_after=STALE_AFTER), HoldsSink(client)).all(people)
