"""The process of the API: its parts put together, and a server until a signal ends it."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager

import uvicorn
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sinks.experiments import Results
from sinks.lookup import Lookup
from sinks.reservations import Reservations
from streams.api.app import build_api
from streams.api.freshness import Freshness
from streams.api.heads import LimitedHeads
from streams.api.metrics import ApiMetrics
from streams.api.office import Office
from streams.api.readiness import unready
from streams.api.tokens import Tokens, read_tokens
from streams.app import wall_clock
from streams.clients import KafkaClients, redis_client
from streams.ending import end_within
from streams.engine.errors import Unusable
from streams.health import HealthServer
from streams.insights.apart import Apart
from streams.permission.audit import LAST_WAIT_S, AuditLog
from streams.permission.judging import Judge
from streams.permission.keeping import Keeping
from streams.permission.policies import Policies
from streams.permission.policy_since import telling
from streams.settings import Settings

BACKLOG = 2048


class Server(uvicorn.Server):
    """Ends with exit code 0 on a signal. uvicorn's own raises it again, before audit records have been sent.

    Answers under way have the grace but for the seconds that their audit records may take after them.
    """

    def __init__(self, config: uvicorn.Config, grace_s: float = 20.0) -> None:
        super().__init__(config)
        self._grace_s = grace_s
        config.timeout_graceful_shutdown = max(1, int(grace_s - LAST_WAIT_S) - 1)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn; a second signal does not wait for the answers under way."""
        self.install_signals()
        yield

    def install_signals(self) -> None:
        """Let them end it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told_to_stop, number)

    def _told_to_stop(self, number: int) -> None:
        if not self.should_exit:
            end_within(self._grace_s, "the API")
        self.handle_exit(number, None)


async def serve(settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM. Raises `Unusable` when a setting or the address is no good."""
    metrics = ApiMetrics(CollectorRegistry())
    tokens = read_tokens(settings.api_tokens.get_secret_value())
    policies = Policies(
        settings.policy, wall_clock, lambda outcome: metrics.policy.labels(outcome).inc(), telling(metrics.policy_since)
    )
    with listening(host, port) as listener:
        async with AsyncExitStack() as closing:
            redis = redis_client(settings)
            closing.push_async_callback(redis.aclose)
            lookup, reservations = Lookup(redis, settings.profiles_oldest_s), Reservations(redis)
            audit = AuditLog(
                KafkaClients(settings).idempotent_producer, metrics.audit_pending.set, metrics.audit_failures.inc
            )
            audit.start()
            closing.push_async_callback(audit.stop)
            keeping = Keeping(KafkaClients(settings).idempotent_producer)
            closing.push_async_callback(keeping.close)
            history = Apart()
            closing.push_async_callback(history.stop)
            judge = Judge(lookup, reservations, policies.now, wall_clock, keeping.keep)
            results = Results(redis, settings.profiles_oldest_s)
            office = Office(
                *(tokens, settings.hasher, lookup, results, judge, audit, metrics, wall_clock, history),
                settings.time_zone,
            )
            config = uvicorn.Config(
                build_api(office), http=LimitedHeads, ws="none", lifespan="off", log_config=None, access_log=False
            )
            server = Server(config, settings.grace_s)
            address = (settings.metrics_host, settings.metrics_port)
            health = HealthServer(
                metrics.registry, lambda: unready(office), address, lambda url: say(f"metrics on {url}/metrics")
            )
            await closing.enter_async_context(health)
            for warning in await _warnings(tokens, redis):
                say(warning)
            await closing.enter_async_context(Freshness(lookup, wall_clock, metrics.profiles_age))
            say(f"listening on {url_of(listener)}")
            await server.serve(sockets=[listener])


async def _warnings(tokens: Tokens, redis: Redis) -> list[str]:
    """What makes it of no use for now, and the cure: whoever starts it should not have to ask why."""
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
    """Names TCP, which `create_server` does not: asyncio lets small answers go at once only on sockets that do.

    On others each waits for the client's acknowledgement of its headers, 40 ms.
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
