import pytest

from tests.contract.console.test_acting import Written


@pytest.fixture
def written() -> Written:
    """What the console of a test writes down."""
    return Written()
