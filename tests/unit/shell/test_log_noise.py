import inspect
import logging
from collections.abc import Iterator

import pytest
from aiokafka.consumer import group_coordinator

from streams.log_noise import _LOGGER, leave_out_the_ordinary

ORDINARY = ("Heartbeat failed for group %s because it is rebalancing", "harmonia")
TROUBLE = ("Heartbeat failed for group %s because it is on fire", "harmonia")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before, level = list(_LOGGER.filters), _LOGGER.level
    _LOGGER.setLevel(logging.INFO)  # whatever else in this process has asked of its library
    yield
    _LOGGER.filters[:] = before
    _LOGGER.setLevel(level)


def test_only_what_matters_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    leave_out_the_ordinary()
    with caplog.at_level(logging.WARNING):
        _LOGGER.warning(*ORDINARY)
        _LOGGER.warning(*TROUBLE)
    assert [record.msg for record in caplog.records] == [TROUBLE[0]]


def test_whoever_debugs_sees_all(caplog: pytest.LogCaptureFixture) -> None:
    leave_out_the_ordinary()
    with caplog.at_level(logging.DEBUG):
        _LOGGER.warning(*ORDINARY)
    assert [record.msg for record in caplog.records] == [ORDINARY[0]]


def test_the_library_still_says_so() -> None:
    """Or the filter would be of no use any more."""
    assert group_coordinator.log is _LOGGER
    assert ORDINARY[0] in inspect.getsource(group_coordinator)
