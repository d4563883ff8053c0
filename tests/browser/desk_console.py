"""A console in this process on a desk of a fixed seed and a real Redis; its pages' clock stands still."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.keys import HOLDS, position_key
from sinks.lookup import Lookup
from streams.domain.segments.previews import PreviewQuestion
from streams.operations.status.observations import KafkaObservation, Observations, RedisObservation
from streams.platform.settings import Settings
from streams.services.console.deliveries_observer import DeliveriesObserver, EndpointsSeen
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.maps import Turf
from streams.services.console.observer import StatusObserver
from streams.services.console.people import Person
from streams.services.console.rights import Viewer
from streams.services.console.roles import ROLES, Role
from streams.services.console.signin import COOKIE, Sessions
from streams.services.console.words import Language
from streams.services.segment_preview import SegmentPreview
from tests.browser.reader import WIDE, Reader, reader_of
from tests.contract.console.endpoints_seen import endpoints_seen
from tests.contract.console.signed_in_console import SignedInConsole, Written
from tests.unit.services.console.evening import NOW, feed, fill_evening, limiting_policy

TURFS = tuple(
    Turf(f"oh-{number}", "US-OH", [[(x, 41.0), (x + 0.09, 41.0), (x + 0.08, 41.1), (x, 41.12), (x, 41.0)]])
    for number, x in ((1, -81.6), (2, -81.5), (3, -81.4), (4, -81.3), (5, -81.2))
)
"""Turfs of a campaign in Ohio, side by side; nobody has been in the fifth."""


def _calm() -> Observations:
    return Observations(wall(), KafkaObservation("Stable", 2, ()), RedisObservation(0.1, ()))


def wall() -> int:
    return round(time.time() * 1000)


def _none() -> Any:
    raise AssertionError("nothing is sent")


class _CalmObserver(StatusObserver):
    """Sees that all is well, without a child process."""

    def last(self) -> Observations | None:
        return _calm()


class _EndpointsObserver(DeliveriesObserver):
    """Sees endpoints in every state, without a child process."""

    def last(self) -> EndpointsSeen | None:
        return endpoints_seen(wall())


class _Served(SignedInConsole):
    url = ""  # on loopback


class DeskConsole:
    """The console. `filled`: whether the desk has the evening, or nothing yet; without a desk where that is None.

    `preview`: what workers answer who are asked how many people a draft of segments lets in.
    """

    def __init__(
        self,
        redis_port: int,
        folder: Path,
        filled: bool | None = True,
        preview: Callable[[PreviewQuestion], SegmentPreview] | None = None,
    ) -> None:
        self._preview = preview
        self._redis_port = redis_port
        self.path = folder / "desk.sqlite"
        self._filled = filled
        self.url = ""
        self._people: dict[str, Person] = {}
        self._loop = asyncio.new_event_loop()
        self._sessions: Sessions | None = None

    @contextmanager
    def running(self) -> Iterator["DeskConsole"]:
        """Serve for the length of a block."""
        if self._filled:
            fill_evening(self.path, wall())
        elif self._filled is False:
            desk = Desk.create(self.path)
            feed(desk, wall())
            desk.close()
        with SyncRedis(port=self._redis_port) as redis:
            redis.flushall()
            whole_at = str(wall() + 3_600_000)  # nothing feeds this Redis: its holds are right for all of a test
            redis.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1", "whole_at": whole_at})
            redis.hset(HOLDS, "polls-1", "null")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(listener),))
            self._ready = threading.Event()
            self._stop = asyncio.Event()
            thread.start()
            assert self._ready.wait(20)
            try:
                yield self
            finally:
                self._loop.call_soon_threadsafe(self._stop.set)
                thread.join(20)
        self._loop.close()

    def cookie(self, name: str, roles: frozenset[Role], language: Language) -> dict[str, Any]:
        """The cookie of somebody who is signed in."""
        viewer = Viewer(name, roles, language=language)
        self._people[name] = Person(viewer)
        assert self._sessions is not None
        began = asyncio.run_coroutine_threadsafe(self._sessions.begin(viewer, wall()), self._loop).result(20)
        return {"name": COOKIE, "value": began.id, "domain": "127.0.0.1", "path": "/", "secure": True}

    async def _serve(self, listener: socket.socket) -> None:
        redis = Redis(port=self._redis_port)
        desk = None if self._filled is None else DeskReader(self.path)
        audit = None if self._preview is None else Written()
        console = _Served(redis, self.path.parent, desk, preview=self._preview, audit=audit)
        console.use(
            settings=Settings(time_zone="America/New_York", profiles_oldest_s=300.0),
            lookup=Lookup(redis, 300.0),
            clock=lambda: NOW,
            wall=wall,
            observer=_CalmObserver(_calm),
            turfs=TURFS,
            deliveries=_EndpointsObserver(_none),
        )
        console.judge_by(limiting_policy, wall)
        self._people, self._sessions = console.people, console.sessions
        server = uvicorn.Server(uvicorn.Config(console.app, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        self._ready.set()
        await self._stop.wait()
        console.hub.close()
        server.should_exit = True
        await serving
        await console.deps.observer.stop()
        if desk is not None:
            desk.close()
        await redis.aclose()


class DeskReaders:
    """Opens browsers in which somebody is signed in to such a console; in none may anything go wrong."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.opened: list[Reader] = []

    def open(self, console: DeskConsole, *roles: Role, size: tuple[int, int] = WIDE, **options: Any) -> Reader:
        language = options.pop("language", "en")
        one = reader_of(self._browser, console.url, size, **options)
        name = f"reader{len(self.opened)}"
        one.context.add_cookies([console.cookie(name, frozenset(roles or ROLES), language)])  # type: ignore[list-item]
        self.opened.append(one)
        return one
