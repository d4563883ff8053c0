import pytest

from streams.local.prometheus import Prometheus
from tests.prometheus import prometheus_or_skip


@pytest.fixture(scope="session")
def tools() -> Prometheus:
    return prometheus_or_skip()
