from collections.abc import AsyncIterator, Iterator

import pytest

from streams.engine import retry
from streams.local.stack import Stack
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.feed import Feed
from tests.integration.engine.owner import Bench


@pytest.fixture(scope="session")
def cluster(stack: Stack) -> Iterator[Cluster]:
    cluster = Cluster(stack.kafka_bootstrap)
    yield cluster
    cluster.close()


@pytest.fixture
def bench(cluster: Cluster) -> Bench:
    return Bench(cluster)


@pytest.fixture
async def feed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Feed]:
    feed = Feed(cluster, monkeypatch)
    await feed.open()
    yield feed
    await feed.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.01)
