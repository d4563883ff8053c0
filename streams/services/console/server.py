"""The process of the console: wires its parts together and serves until a signal ends it."""

import asyncio
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import NamedTuple

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.types import ASGIApp

from sinks.lookup import Lookup
from sinks.reservations import Reservations
from streams.platform.clients import redis_client
from streams.platform.health import HealthServer
from streams.platform.settings import Settings
from streams.services.api.server import Server, listening, url_of
from streams.services.console.acts import changing
from streams.services.console.app import PAGES, ROUTES, build_console
from streams.services.console.deliveries_observer import DeliveriesObserver, LookAtDeliveries
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.desk_access import reader_of
from streams.services.console.gate import Console
from streams.services.console.lake_erasures import LakeObserver, LookAtLake
from streams.services.console.live import Hub
from streams.services.console.maps import read_turfs
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.observer import LookAt, StatusObserver
from streams.services.console.oidc import provider_of
from streams.services.console.people import read_people
from streams.services.console.signin import Sessions
from streams.services.console.views import Views
from streams.services.permission.audit_metrics import running_audit_log
from streams.services.permission.decisions import PermissionJudge
from streams.services.rights_desk.log import read_desk
from streams.services.segment_preview import ask_for_preview
from streams.worker.app import wall_clock

THREADS = 64
"""For what blocks: orders that are sent and waited for, and previews. Enough that an order waits for no other."""
SWITCH_S = 0.0005
"""Seconds after which one thread makes way for another: those that ask the desk wait so long while a page is made."""


class ConsoleServer(Server):
    """The server of the API, which first ends the streams of open pages when it is told to stop."""

    called = "the console"

    def __init__(self, app: ASGIApp, hub: Hub, settings: Settings) -> None:
        super().__init__(app, settings.grace_s, proxies=settings.forwarded_allow_ips)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._hub.close()
        await super().shutdown(sockets)


class Extras(NamedTuple):
    """What the demo adds: the clock of pages, routes, people to switch to, and the path of a list to judge."""

    clock: Callable[[], int] = wall_clock
    routes: tuple[Callable[[Console], APIRouter], ...] = ()
    switch_to: tuple[tuple[str, str], ...] = ()
    try_list: str | None = None


async def serve(
    settings: Settings, host: str, port: int, say: Callable[[str], None], extras: Extras | None = None
) -> None:
    """Serve until SIGINT or SIGTERM. Raises `Unusable` when a setting or the address is no good."""
    extras = extras or Extras()
    sys.setswitchinterval(SWITCH_S)
    metrics = ConsoleMetrics(CollectorRegistry())
    people = read_people(settings.console_people, changing(settings.console_may))
    turfs = read_turfs(settings.console_turfs)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "console"))
    policies = metrics.policy.watched(settings.policy, settings.regime, wall_clock)
    with listening(host, port) as listener:
        async with AsyncExitStack() as closing:
            redis = redis_client(settings)
            closing.push_async_callback(redis.aclose)
            observer = StatusObserver(LookAt(settings))
            closing.push_async_callback(observer.stop)
            audit = await closing.enter_async_context(running_audit_log(settings, metrics.audit))
            lookup = Lookup(redis, settings.profiles_oldest_s, settings.key_ids)
            judge = PermissionJudge(lookup, Reservations(redis), policies.now, wall_clock, _reserve_nothing)
            deps = ConsoleDependencies(
                settings=settings,
                redis=redis,
                people=people,
                clock=extras.clock,
                wall=wall_clock,
                metrics=metrics,
                observer=observer,
                lookup=lookup,
                judge=judge,
                views=Views(audit, wall_clock),
                provider=provider_of(settings, redis, wall_clock),
                desk=reader_of(settings),
                turfs=turfs,
                called=dict(extras.switch_to),
                try_list=extras.try_list,
                deliveries=DeliveriesObserver(LookAtDeliveries(settings)),
                requests=partial(read_desk, settings),
                lake=None if settings.lake is None else LakeObserver(LookAtLake(settings)),
                preview=partial(ask_for_preview, settings),
                policy=policies.now,
            )
            if deps.lake is not None:
                closing.push_async_callback(deps.lake.stop)
            if deps.deliveries is not None:
                closing.push_async_callback(deps.deliveries.stop)
            closing.push_async_callback(deps.day_reports.stop)
            closing.push_async_callback(deps.jobs.stop)
            closing.push_async_callback(deps.sendings.stop)
            if deps.desk is not None:
                closing.callback(deps.desk.close)
            hub = Hub(metrics)
            console = Console(deps, hub, Sessions(redis, people), PAGES, extras.switch_to)
            app = build_console(console, (*ROUTES, *extras.routes))
            server = ConsoleServer(app, hub, settings)
            health = HealthServer.at(settings, metrics.registry, lambda: _why_unready(redis), say)
            await closing.enter_async_context(health)
            if not people:
                say("HARMONIA_CONSOLE_PEOPLE names nobody, so nobody can sign in: docs/console.md says how")
            say(f"listening on {url_of(listener)}")
            await server.serve(sockets=[listener])


async def _reserve_nothing(_: int) -> None:
    """The console asks whether somebody may be reached, and reserves nobody."""


async def _why_unready(redis: Redis) -> str | None:
    """Why nobody could look at a page now; None: they could."""
    try:
        await redis.ping()
    except RedisError as error:
        return f"Redis does not answer ({type(error).__name__}), which holds the sessions"
    return None
