"""Starts workers that are not quite as an operator would start them: sabotaged, or in a world of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.demo.workers import Workers

COMMAND = "streams.cli.main"
SABOTAGED = "tests.chaos.sabotage"
SUPERVISED = "tests.chaos.supervised"
ROOT = Path(__file__).parents[2]


def start_worker(
    environment: Mapping[str, str], log: Path, program: str = COMMAND, within: Sequence[str] = (), processes: int = 1
) -> Workers:
    """Start `program` as `harmonia worker` and wait until it works on its partitions.

    `within`: a command that runs it in another world. Raises `LocalStackError` when it ends before it works.
    """
    command = [*within, sys.executable, "-m", program, "worker", "--processes", str(processes)]
    with log.open("ab") as output:
        began = output.tell()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    workers = Workers(process, [], log, began)
    try:
        workers.wait_until_working(processes)
    except BaseException:
        workers.stop()
        raise
    return workers
