"""Runs one worker in this process, after a look at whether the topics are as the settings say."""

import socket
from collections.abc import Callable
from typing import NoReturn

import faust

from streams.app import build_worker
from streams.engine.errors import Unusable
from streams.engine.garbage import collect_rarely
from streams.logs import hush_libraries
from streams.settings import Settings
from streams.state_dir import own
from streams.topics import require_topics


def run_worker(settings: Settings, say: Callable[[str], None]) -> NoReturn:
    """Run until a signal or a fault ends it, then raise SystemExit with the exit code.

    `say` is given what an operator wants to know. Raises `PartitionsMismatch`, `MissingTopic` or `Unusable` before
    anything is started, and a Kafka error when no broker answers.
    """
    require_topics(settings)
    _require_port(settings)
    state_lock = own(settings.state_dir)
    hush_libraries(settings.log_level)
    worker = build_worker(settings, say)
    process = faust.Worker(worker.app, *worker.services, loglevel=settings.log_level, quiet=True)
    process.spinner = None  # it writes terminal codes even where there is no terminal
    collect_rarely()
    with state_lock:
        process.execute_from_commandline()


def _require_port(settings: Settings) -> None:
    """Look before Faust starts, which shows whatever fails with a page of calls."""
    family = socket.AF_INET6 if ":" in settings.metrics_host else socket.AF_INET
    try:
        socket.create_server((settings.metrics_host, settings.metrics_port), family=family).close()
    except OSError as error:
        raise Unusable(f"HARMONIA_METRICS_PORT and _HOST cannot be listened on: {error.strerror}") from error
