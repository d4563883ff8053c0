"""Serves /metrics, /livez and /readyz over HTTP, for operators' tools.

Served by the process's own event loop, so that a loop that hangs is noticed: then nothing answers.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Self

from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from streams.platform.settings import Settings

DEPLOYMENT = "deployment"
"""The label of each metric where there is a `HARMONIA_TOPIC_PREFIX`, which is its value."""


class LabelledMetrics(Collector):
    """All that a collector has, with the label of a deployment on each sample."""

    def __init__(self, of: Collector, deployment: str) -> None:
        self._of = of
        self._label = {DEPLOYMENT: deployment}

    def collect(self) -> Iterable[Metric]:
        for metric in self._of.collect():
            metric.samples = [sample._replace(labels=sample.labels | self._label) for sample in metric.samples]
            yield metric


class HealthServer(Service):
    """A small HTTP server that starts and stops with the process.

    Parameters:
        unready: why nothing should be sent here now, in a few words; None: it is ready.
        announce: called with the address once it is known, since the port may be any free one.
    """

    def __init__(
        self,
        registry: Collector,
        unready: Callable[[], Awaitable[str | None]],
        address: tuple[str, int],
        announce: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._registry = registry
        self._unready = unready
        self._address = address
        self._announce = announce
        self._runner: web.AppRunner | None = None

    @classmethod
    def at(
        cls,
        settings: Settings,
        registry: CollectorRegistry,
        unready: Callable[[], Awaitable[str | None]],
        say: Callable[[str], None],
    ) -> Self:
        """The server at the address that the settings have; `say` is told where that is."""
        address = (settings.metrics_host, settings.metrics_port)
        served = LabelledMetrics(registry, settings.topic_prefix) if settings.topic_prefix else registry
        return cls(served, unready, address, lambda url: say(f"metrics on {url}/metrics"))

    async def on_start(self) -> None:
        app = web.Application()
        app.add_routes(
            [web.get("/metrics", self._metrics), web.get("/livez", self._livez), web.get("/readyz", self._readyz)]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, *self._address)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._announce(f"http://{host}:{port}")

    async def on_stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _livez(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        why = await self._unready()
        return web.Response(text="ready\n") if why is None else web.Response(text=f"not ready: {why}\n", status=503)
