"""The process of the API: wires its parts together and serves until a signal ends it."""

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.types import ASGIApp

from sinks.lookup import Lookup
from sinks.reservations import Reservations
from sinks.results import ResultsReader
from sinks.segment_lookup import SegmentsReader
from streams.history.insights.own_process import InsightsProcess
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.errors import Unusable
from streams.platform.health import HealthServer
from streams.platform.logs import each_once_a_second
from streams.platform.settings import Settings
from streams.platform.shutdown import end_within
from streams.platform.tokens import Tokens, read_tokens
from streams.services.api.app import build_api
from streams.services.api.connection_limits import MOST_CONNECTIONS, Connections, LimitedConnection
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.metrics import ApiMetrics
from streams.services.api.readiness import Freshness, why_unready
from streams.services.api.segment_preview import PREVIEWS
from streams.services.minute_limit import PREVIEWS_A_MINUTE, MinuteLimit
from streams.services.permission.audit_log import LAST_WAIT_S
from streams.services.permission.audit_metrics import running_audit_log
from streams.services.permission.decisions import PermissionJudge
from streams.services.permission.reservation_log import ReservationLog
from streams.services.rights_desk.asking import RightsOffice
from streams.services.segment_preview import ask_for_preview
from streams.worker.app import wall_clock

BACKLOG = 2048
MOST_DESCRIPTORS = 65_536
_TALKATIVE = ("uvicorn.error", "asyncio", "streams.services.api.connection_limits", __name__)
_NONE_LEFT = "socket.accept() out of system resource"

logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Serves an application until a signal ends it, with the limits of `connection_limits`; `called`: what it is.

    It ends with exit code 0. uvicorn's own raises the signal again, before audit records have been sent. Answers under
    way have the grace but for the seconds that their audit records may take after them. Half of the process's
    descriptors are for connections; those that asyncio accepts at once are few, so that the limit is seen in time.
    `proxies`: whose `X-Forwarded-For` is believed, as FORWARDED_ALLOW_IPS; nobody's without it, on loopback neither.
    """

    called = "the API"

    def __init__(
        self,
        app: ASGIApp,
        grace_s: float = 20.0,
        connection: type[LimitedConnection] = LimitedConnection,
        most: int = MOST_CONNECTIONS,
        proxies: str = "",
    ) -> None:
        descriptors = raise_descriptors()
        super().__init__(
            uvicorn.Config(
                app,
                http=connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies,
                backlog=max(1, min(64, descriptors // 16)),
                timeout_graceful_shutdown=max(1, int(grace_s - LAST_WAIT_S) - 1),
            )
        )
        self.server_state = Connections(min(most, descriptors // 2))
        self._grace_s = grace_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        asyncio.get_running_loop().set_exception_handler(_log_briefly)
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(BACKLOG)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn; a second signal does not wait for the answers under way."""
        self.install_signals()
        with each_once_a_second(_TALKATIVE):
            yield

    def install_signals(self) -> None:
        """Let SIGINT and SIGTERM end the server."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)

    def _stop(self, number: int) -> None:
        if not self.should_exit:
            end_within(self._grace_s, self.called)
        self.handle_exit(number, None)


def raise_descriptors() -> int:
    """Raise the process's limit of file descriptors as far as allowed, within reason; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def _log_briefly(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio's exception handler, with one line in place of a traceback where no descriptor is left."""
    if context.get("message") == _NONE_LEFT:
        logger.error("no descriptor is left for another connection: raise the limit of open files (ulimit -n)")
    else:
        loop.default_exception_handler(context)


async def serve(settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM. Raises `Unusable` when a setting or the address is no good."""
    metrics = ApiMetrics(CollectorRegistry())
    tokens = read_tokens(settings.api_tokens.get_secret_value())
    policies = metrics.policy.watched(settings.policy, settings.regime, wall_clock)
    with listening(host, port) as listener:
        async with AsyncExitStack() as closing:
            redis = redis_client(settings)
            closing.push_async_callback(redis.aclose)
            lookup = Lookup(redis, settings.profiles_oldest_s, settings.key_ids)
            reservations = Reservations(redis)
            audit = await closing.enter_async_context(running_audit_log(settings, metrics.audit))
            keeping = ReservationLog(KafkaClients(settings).idempotent_producer)
            closing.push_async_callback(keeping.close)
            history = InsightsProcess()
            closing.push_async_callback(history.stop)
            judge = PermissionJudge(lookup, reservations, policies.now, wall_clock, keeping.keep)
            results = ResultsReader(redis, settings.profiles_oldest_s)
            segments = SegmentsReader(redis, settings.profiles_oldest_s)
            deps = ApiDependencies(
                *(tokens, settings.hasher, lookup, results, segments, judge, audit, metrics, wall_clock, history),
                settings.time_zone,
                partial(ask_for_preview, settings),
                MinuteLimit(redis, PREVIEWS, PREVIEWS_A_MINUTE),
                policies.now,
                RightsOffice(settings, wall_clock),
            )
            server = Server(build_api(deps), settings.grace_s)
            health = HealthServer.at(settings, metrics.registry, lambda: why_unready(deps), say)
            await closing.enter_async_context(health)
            for warning in await _warnings(tokens, redis):
                say(warning)
            await closing.enter_async_context(Freshness(lookup, wall_clock, metrics.profiles_age))
            say(f"listening on {url_of(listener)}")
            await server.serve(sockets=[listener])


async def _warnings(tokens: Tokens, redis: Redis) -> list[str]:
    """Why the API could answer nothing as configured, each with its cure."""
    found = []
    if not tokens:
        found.append(
            "HARMONIA_API_TOKENS is empty, so every request is answered 401: docs/api.md says how to make a token"
        )
    try:
        await redis.ping()
    except RedisError as error:
        found.append(
            f"Redis does not answer ({type(error).__name__}); until it does, requests are answered 503. Is REDIS_URL "
            "right and the server up?"
        )
    return found


def listening(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `Unusable` when the address cannot be listened on.

    It names TCP, which `create_server` does not: on other sockets asyncio delays each small answer until the client has
    acknowledged its headers, 40 ms.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Unusable(f"--host and --port cannot be listened on: {error.strerror}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
