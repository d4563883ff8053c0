from collections.abc import Iterator

import pytest

from streams.local.stack import ExistingServers, Stack, local_stack
from streams.platform.settings import Settings
from tests.integration.system import shared_stack


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Kafka and a Redis for all tests of the run: those that the environment names, else new ones."""
    with local_stack(tmp_path_factory.mktemp("stack"), ExistingServers.of(Settings())) as running:
        yield running


@pytest.fixture(scope="session")
def stack(servers: Stack) -> Stack:
    """The deployment without a prefix, of all tests that leave alone what others have said."""
    return servers


@pytest.fixture(scope="module")
def own_stack(servers: Stack) -> Iterator[Stack]:
    """The same servers for a deployment of a module's own, of whose topics and keys nothing is left."""
    with shared_stack(servers) as own:
        yield own
