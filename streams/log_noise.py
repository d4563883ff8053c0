"""What libraries warn of although all is well: whoever reads a worker's first lines should find only what matters."""

import logging

_ORDINARY = frozenset({"Heartbeat failed for group %s because it is rebalancing"})
"""Messages of every rebalance."""
_LOGGER = logging.getLogger("aiokafka.consumer.group_coordinator")


def leave_out_the_ordinary() -> None:
    """For this process; with the level DEBUG all of it is shown."""
    _LOGGER.addFilter(_is_worth_reading)


def _is_worth_reading(record: logging.LogRecord) -> bool:
    return record.msg not in _ORDINARY or logging.getLogger().isEnabledFor(logging.DEBUG)
