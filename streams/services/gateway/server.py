"""The gateway as an application that counts each request for its hook, and as a process that serves until a signal."""

import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import ClientError, ClientSession, ClientTimeout, StreamReader
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Scope

from streams.engine.writer import Outbox
from streams.platform.clients import KafkaClients
from streams.platform.errors import WrongSetting
from streams.platform.health import HealthServer
from streams.platform.settings import Settings
from streams.platform.tokens import read_tokens
from streams.services.api.bodies import BodyReader
from streams.services.api.middleware import CountedRequests
from streams.services.api.server import Server, listening, url_of
from streams.services.gateway.answers import problem_response
from streams.services.gateway.dependencies import SHARE_BYTES, GatewayDependencies
from streams.services.gateway.events_route import event_routes
from streams.services.gateway.hooks import read_hooks
from streams.services.gateway.kafka_delivery import KafkaDelivery
from streams.services.gateway.metrics import GatewayMetrics
from streams.services.gateway.sns import Fetch, SnsVerifier, is_sns_url
from streams.services.gateway.webhook_route import HOOK, hook_routes
from streams.worker.app import wall_clock


def build_gateway(deps: GatewayDependencies) -> ASGIApp:
    """The application, complete but for its server. Connects to nothing."""
    app = FastAPI(
        title="Harmonia gateway",
        version="1",
        description="Webhooks of campaign tools, and CloudEvents over HTTP. See docs/gateway.md.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # they would go to whatever host a request names
    )
    app.include_router(hook_routes(deps))
    app.include_router(event_routes(deps))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        return problem_response("method" if error.status_code == 405 else "unknown_hook", "See /openapi.json")

    def count(scope: Scope, status: int, seconds: float) -> None:
        hook = scope.get(HOOK, "unknown")
        deps.metrics.requests.labels(hook, str(status)).inc()
        deps.metrics.seconds.labels(hook).observe(seconds)

    return CountedRequests(app, count, partial(problem_response, "unavailable", "Tell the operator"))


FETCH_S = 5.0
MOST_FETCHED = 64 << 10


async def serve(settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Take webhooks until SIGINT or SIGTERM. Raises `Unusable` when a setting or the address is no good."""
    hooks = {} if settings.gateway is None else read_hooks(settings.gateway, os.environ)
    tokens = read_tokens(settings.api_tokens.get_secret_value())
    if not hooks and not settings.api_tokens.get_secret_value():
        raise WrongSetting(
            "HARMONIA_GATEWAY: names no file of hooks, and without HARMONIA_API_TOKENS nobody may send events"
        )
    metrics = GatewayMetrics(CollectorRegistry())
    with listening(host, port) as listener:
        async with AsyncExitStack() as closing:
            session = await closing.enter_async_context(ClientSession(timeout=ClientTimeout(total=FETCH_S)))
            outbox = Outbox(KafkaClients(settings))
            closing.push_async_callback(outbox.stop)
            delivery = KafkaDelivery(outbox, settings.partitions, metrics.pending.set)
            fetch = sns_fetcher(session)
            certificates = SnsVerifier(fetch)
            bodies = BodyReader(SHARE_BYTES)
            deps = GatewayDependencies(
                hooks,
                tokens,
                delivery,
                certificates,
                fetch,
                metrics,
                bodies,
                wall_clock,
                settings.phone_region,
                settings.wall,
            )
            server = Server(build_gateway(deps), settings.grace_s)
            health = HealthServer.at(settings, metrics.registry, delivery.unready, say)
            await closing.enter_async_context(health)
            say(f"listening on {url_of(listener)}")
            await server.serve(sockets=[listener])


def sns_fetcher(session: ClientSession) -> Fetch:
    """A function that gets URLs of SNS's hosts, follows no redirect, and reads no more than a certificate holds."""

    async def fetch(url: str) -> bytes:
        if not is_sns_url(url):
            raise OSError("not one of Amazon's hosts")
        try:
            async with session.get(url, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise OSError(f"status {answer.status}")
                return await whole_body(answer.content)
        except (ClientError, TimeoutError) as error:
            raise OSError(type(error).__name__) from error

    return fetch


async def whole_body(content: StreamReader) -> bytes:
    """The whole body of an answer. Raises `OSError` for one that is longer than a certificate."""
    found = bytearray()
    async for piece in content.iter_any():
        found += piece
        if len(found) > MOST_FETCHED:
            raise OSError("longer than a certificate")
    return bytes(found)
