"""A Redis that knows the cast, and a vendor that has it on its list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from streams.services.vendors.names import VendorName
from tests.contract.redis_server import RedisServer
from tests.contract.vendors.bench import Bench
from tests.contract.vendors.people import fill

BOTH: list[VendorName] = ["actionnetwork", "sendgrid"]


@pytest.fixture(scope="module")
def url(redis_server: RedisServer) -> Iterator[str]:
    fill(redis_server)
    yield f"redis://127.0.0.1:{redis_server.port}/0"
    with Redis(port=redis_server.port) as client:
        client.flushall()


@pytest.fixture(params=BOTH)
def bench(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[Bench]:
    with Bench(request.param, tmp_path, url).running() as bench:
        yield bench
        assert bench.server.wrong == []


@pytest.fixture
def network(url: str, tmp_path: Path) -> Iterator[Bench]:
    with Bench("actionnetwork", tmp_path, url).running() as bench:
        yield bench
        assert bench.server.wrong == []


@pytest.fixture
def sendgrid(url: str, tmp_path: Path) -> Iterator[Bench]:
    with Bench("sendgrid", tmp_path, url).running() as bench:
        yield bench
        assert bench.server.wrong == []
