"""Runs one worker in this process, after a look at whether the topics are as the settings say."""

import socket
from collections.abc import Callable
from typing import NoReturn

import faust

from streams.app import Worker, build_worker
from streams.ending import end_within
from streams.engine.errors import Unusable
from streams.engine.garbage import collect_rarely
from streams.local.signals import signals_end_the_block
from streams.settings import Settings
from streams.starting import wait_until_ready
from streams.state_dir import own


def run_worker(settings: Settings, say: Callable[[str], None]) -> NoReturn:
    """Run until a signal or a fault ends it, then raise SystemExit with the exit code.

    `say` is given what an operator wants to know. Raises `PartitionsMismatch`, `MissingTopic` or `Unusable` before
    anything is started, and a Kafka error when no broker answers in time.
    """
    _require_port(settings)
    with own(settings.state_dir):
        with signals_end_the_block():
            wait_until_ready(settings, say)
        worker = build_worker(settings, say)
        process = _Process(settings, worker)
        process.spinner = None  # it writes terminal codes even where there is no terminal
        collect_rarely()
        process.execute_from_commandline()


class _Process(faust.Worker):
    """Faust's own has no time limit."""

    def __init__(self, settings: Settings, worker: Worker) -> None:
        super().__init__(worker.app, *worker.services, loglevel=settings.log_level, quiet=True)
        self._grace_s = settings.grace_s

    async def on_stop(self) -> None:
        """Called before anything of it is stopped."""
        end_within(self._grace_s, "the worker")
        await super().on_stop()


def _require_port(settings: Settings) -> None:
    """Look before Faust starts, which shows whatever fails with a page of calls."""
    family = socket.AF_INET6 if ":" in settings.metrics_host else socket.AF_INET
    try:
        socket.create_server((settings.metrics_host, settings.metrics_port), family=family).close()
    except OSError as error:
        raise Unusable(f"HARMONIA_METRICS_PORT and _HOST cannot be listened on: {error.strerror}") from error
