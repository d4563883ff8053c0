"""Runs one worker in this process, once the topics are as the settings say."""

import socket
from collections.abc import Callable, Iterable
from logging import Logger
from typing import NoReturn
from urllib.parse import urlsplit

import faust

from streams.engine.garbage_collector import collect_rarely
from streams.platform.logs import OneLineErrorFilter, RepeatFilter, hush_libraries, leave_out_rebalance_lines
from streams.platform.settings import Settings
from streams.platform.shutdown import end_in_vain, end_when_memory_is_out, end_within, signals_end_the_block
from streams.worker.app import Worker, build_worker
from streams.worker.preflight import require_usable, wait_until_ready
from streams.worker.state_dir import own_state_dir

CUT_OFF_S = 3.0
"""Seconds without any broker after which a worker that was told to stop ends: there is nobody to commit to."""
CONNECT_S = 1.0
KAFKA_PORT = 9092


def run_worker(settings: Settings, say: Callable[[str], None]) -> NoReturn:
    """Run until a signal or a fault ends it, then raise SystemExit with the exit code.

    `say` is given what an operator wants to know. Raises `PartitionsMismatch`, `MissingTopic` or `Unusable` before
    anything is started, and a Kafka error when no broker answers in time.
    """
    require_usable(settings)
    with own_state_dir(settings.state_dir):
        with signals_end_the_block():
            wait_until_ready(settings, say)
        worker = build_worker(settings, say)
        process = _Process(settings, worker)
        process.spinner = None  # it writes terminal codes even where there is no terminal
        hush_libraries(settings.log_level)
        leave_out_rebalance_lines()
        end_when_memory_is_out()
        collect_rarely()
        process.execute_from_commandline()


class _Process(faust.Worker):
    """Faust's worker, with a time limit to its end and our filters on its log."""

    def __init__(self, settings: Settings, worker: Worker) -> None:
        super().__init__(worker.app, *worker.services, loglevel=settings.log_level, quiet=True)
        self._app = worker.app
        self._settings = settings

    def on_setup_root_logger(self, logger: Logger, level: int) -> None:
        """Called once there are handlers."""
        for handler in logger.handlers:
            handler.addFilter(OneLineErrorFilter())
            handler.addFilter(RepeatFilter())

    async def on_stop(self) -> None:
        """Called before anything of it is stopped."""
        end_within(self._settings.grace_s, "the worker")
        end_in_vain(self._is_cut_off, CUT_OFF_S, self._left)
        await super().on_stop()

    def _is_cut_off(self) -> bool:
        """Whether no broker can be reached: nothing can be saved any more."""
        return is_cut_off([*self._settings.kafka_brokers, *self._app.brokers()])

    def _left(self) -> str:
        partitions, records = self._app.uncommitted()
        return (
            f"told to stop, and no broker can be reached at {self._settings.kafka_bootstrap}, so the worker ends now: "
            f"up to {records} records of {partitions} partitions are not committed, and are done again"
        )


def is_cut_off(brokers: Iterable[str]) -> bool:
    """Whether none of these brokers, host:port each, takes a connection. Asks one after the other."""
    return not any(_accepts(broker) for broker in dict.fromkeys(brokers))


def _accepts(broker: str) -> bool:
    try:
        address = urlsplit(f"kafka://{broker}")
        if not address.hostname:  # which a socket would take for this machine
            return False
        socket.create_connection((address.hostname, address.port or KAFKA_PORT), CONNECT_S).close()
    except (OSError, ValueError):  # the latter: this is no address
        return False
    return True
