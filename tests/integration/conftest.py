from collections.abc import Iterator

import pytest

from streams.local.stack import ExistingServers, Stack, local_stack
from streams.platform.settings import Settings


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Kafka and a Redis for all tests of the run: those that the environment names, else new ones."""
    with local_stack(tmp_path_factory.mktemp("stack"), ExistingServers.of(Settings())) as running:
        yield running
