from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from streams.platform.health import HealthServer
from streams.platform.settings import Settings
from streams.worker.metrics import Metrics


@dataclass
class Worker:
    """What the server is told of its worker, and where it says that it listens."""

    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    busy_with: str | None = "taking partitions over"
    said: list[str] = field(default_factory=list)

    async def unready(self) -> str | None:
        return self.busy_with

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.said[0] + path) as response:
            return response.status, await response.text()


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    address = ("127.0.0.1", 0)
    async with HealthServer(worker.metrics.registry, worker.unready, address, worker.said.append):
        yield worker


async def test_a_worker_is_ready_while_it_owns_its_partitions(worker: Worker) -> None:
    before = await worker.get("/readyz")
    worker.busy_with = None
    while_it_does = await worker.get("/readyz")
    worker.busy_with = "something else"
    after = await worker.get("/readyz")

    assert before == (503, "not ready: taking partitions over\n")
    assert while_it_does == (200, "ready\n")
    assert after == (503, "not ready: something else\n")


async def test_a_stopped_server_lets_go_of_its_port(worker: Worker) -> None:
    first, second = Worker(), Worker()
    async with HealthServer(first.metrics.registry, first.unready, ("127.0.0.1", 0), first.said.append):
        port = int(first.said[0].rpartition(":")[2])

    async with HealthServer(second.metrics.registry, second.unready, ("127.0.0.1", port), second.said.append):
        assert await second.get("/livez") == (200, "alive\n")
    with pytest.raises(aiohttp.ClientConnectionError):
        await second.get("/livez")


async def test_each_metric_bears_the_deployment_where_there_is_a_prefix() -> None:
    worker = Worker()
    settings = Settings(topic_prefix="north.")
    async with HealthServer.at(settings, worker.metrics.registry, worker.unready, worker.said.append):
        worker.said = [worker.said[0].removeprefix("metrics on ").removesuffix("/metrics")]
        _, said = await worker.get("/metrics")
    samples = [line for line in said.splitlines() if not line.startswith("#")]
    assert samples
    assert all('deployment="north."' in line for line in samples)


async def test_no_metric_bears_a_deployment_without_a_prefix(worker: Worker) -> None:
    _, said = await worker.get("/metrics")
    assert "deployment" not in said
