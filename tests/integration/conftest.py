from collections.abc import Iterator
from contextlib import closing

import pytest

from streams.demo.deployment import open_deployment
from streams.local.stack import ExistingServers, Stack, local_stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics
from tests.contract.redis_server import RedisServer
from tests.integration.system import System, running_system, settings_of, shared_stack


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Kafka and a Redis for all tests of the run: those that the environment names, else new ones."""
    with local_stack(tmp_path_factory.mktemp("stack"), ExistingServers.of(Settings())) as running:
        yield running


@pytest.fixture(scope="session")
def stack(servers: Stack) -> Stack:
    """The deployment without a prefix, which has its topics, of all tests that leave alone what others have said."""
    with open_deployment(settings_of(servers)):
        return servers


@pytest.fixture(scope="module")
def own_stack(servers: Stack) -> Iterator[Stack]:
    """The same servers for a deployment of a module's own, of whose topics and keys nothing is left."""
    with shared_stack(servers) as own:
        yield own


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of a module's own, which may be emptied and killed."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def frail_stack(servers: Stack, redis_server: RedisServer) -> Iterator[Stack]:
    """A deployment of a module's own whose Redis is nobody else's."""
    with shared_stack(servers, f"redis://127.0.0.1:{redis_server.port}/0") as own:
        yield own


@pytest.fixture(scope="module")
def settings(own_stack: Stack, request: pytest.FixtureRequest) -> Settings:
    """Of a client of a module's own deployment, which has its topics, with as many `PARTITIONS` as the module says."""
    settings = settings_of(own_stack, partitions=getattr(request.module, "PARTITIONS", 8))
    with closing(KafkaClients(settings).admin()) as admin:
        create_topics(admin, settings)
    return settings


@pytest.fixture(scope="module")
def system(
    own_stack: Stack, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[System]:
    """A module's own deployment with one worker, which has the settings that the module names as `WORKER`."""
    settings: dict[str, str] = getattr(request.module, "WORKER", {})
    with running_system(own_stack, tmp_path_factory.mktemp("worker"), **settings) as running:
        yield running
