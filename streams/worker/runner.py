"""Runs one worker in this process, once the topics are as the settings say."""

from collections.abc import Callable
from logging import Logger
from typing import NoReturn

import faust

from streams.engine.garbage_collector import collect_rarely
from streams.platform.logs import OneLineErrorFilter, RepeatFilter, hush_libraries, leave_out_rebalance_lines
from streams.platform.settings import Settings
from streams.platform.shutdown import end_when_memory_is_out, end_within, signals_end_the_block
from streams.worker.app import Worker, build_worker
from streams.worker.preflight import require_usable, wait_until_ready
from streams.worker.state_dir import own_state_dir


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
        self._grace_s = settings.grace_s

    def on_setup_root_logger(self, logger: Logger, level: int) -> None:
        """Called once there are handlers."""
        for handler in logger.handlers:
            handler.addFilter(OneLineErrorFilter())
            handler.addFilter(RepeatFilter())

    async def on_stop(self) -> None:
        """Called before anything of it is stopped."""
        end_within(self._grace_s, "the worker")
        await super().on_stop()
