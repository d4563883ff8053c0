"""What tests of agents share."""

import pytest

from tests.unit.worker.agents.experiments.aggregating_agent import Agent


@pytest.fixture
def agent() -> Agent:
    """Whoever adds up experiments, with nothing yet."""
    return Agent()
