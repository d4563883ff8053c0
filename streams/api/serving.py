"""The process of the API: its parts put together, and a server until a signal ends it."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager

import uvicorn
from prometheus_client import CollectorRegistry

from sinks.lookup import Lookup
from sinks.reservations import Reservations
from streams.api.app import build_api
from streams.api.metrics import ApiMetrics
from streams.api.office import Office
from streams.api.tokens import read_tokens
from streams.app import wall_clock
from streams.clients import KafkaClients, redis_client
from streams.engine.errors import Unusable
from streams.health import HealthServer
from streams.permission.audit import AuditLog
from streams.permission.judging import Judge
from streams.permission.policies import Policies
from streams.settings import Settings

BACKLOG = 2048


class Server(uvicorn.Server):
    """Ends with exit code 0 on a signal. uvicorn's own raises it again, before audit records have been sent."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn; a second signal does not wait for the answers under way."""
        self.install_signals()
        yield

    def install_signals(self) -> None:
        """Let them end it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)


async def serve(settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM. Raises `Unusable` when a setting or the address is no good."""
    metrics = ApiMetrics(CollectorRegistry())
    tokens = read_tokens(settings.api_tokens.get_secret_value())
    policies = Policies(settings.policy, wall_clock, lambda outcome: metrics.policy.labels(outcome).inc())
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
            judge = Judge(lookup, reservations, policies.now, wall_clock)
            office = Office(tokens, settings.hasher, lookup, judge, audit, metrics, wall_clock)
            server = Server(
                uvicorn.Config(
                    build_api(office), http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
                )
            )
            address = (settings.metrics_host, settings.metrics_port)
            health = HealthServer(
                metrics.registry, lambda: server.started, address, lambda url: say(f"metrics on {url}/metrics")
            )
            await closing.enter_async_context(health)
            say(f"listening on {url_of(listener)}")
            await server.serve(sockets=[listener])


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
