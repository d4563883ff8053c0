"""What tests of agents share."""

import pytest

from tests.unit.worker.agents.reckoned import Agent


@pytest.fixture
def agent() -> Agent:
    """Whoever adds up experiments, with nothing yet."""
    return Agent()
