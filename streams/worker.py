"""Runs one worker in this process, after a look at whether the topics are as the settings say."""

from collections.abc import Callable
from typing import NoReturn

import faust

from streams.app import build_worker
from streams.clients import KafkaClients
from streams.settings import Settings
from streams.topics import check_topics, describe_topics


def run_worker(settings: Settings, say: Callable[[str], None]) -> NoReturn:
    """Run until a signal or a fault ends it, then raise SystemExit with the exit code.

    `say` is given what an operator wants to know. Raises `PartitionsMismatch` before anything is started, and a
    Kafka error when no broker answers.
    """
    admin = KafkaClients(settings).admin()
    try:
        check_topics(describe_topics(admin, settings), settings.partitions)
    finally:
        admin.close()
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    worker = build_worker(settings, say)
    process = faust.Worker(worker.app, *worker.services, loglevel=settings.log_level, quiet=True)
    process.spinner = None  # it writes terminal codes even where there is no terminal
    process.execute_from_commandline()
