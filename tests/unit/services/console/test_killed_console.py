"""A console that is killed leaves no process: what it runs for people ends with it."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

JOB = """
from streams.services.console.jobs import Jobs
async def run(script):
    await Jobs(lambda: 0, ("/bin/sh", "-c")).begin("olga", "letters", (script,)).task
"""
LIST = """
import tempfile
from streams.services.console.sendings import Question, Sendings
async def run(script):
    sendings = Sendings(("/bin/sh", "-c", script))
    await sendings.begin("ada", tempfile.TemporaryFile("w+b"), Question("letter", "informational", "digital"))
    await sendings.of("ada").task
"""
ANSWER = """
from streams.history.insights.own_process import answer_of_child
async def run(script):
    await answer_of_child(("/bin/sh", "-c", script), "/", 600)
"""
LOOK = """
import asyncio, sys
from functools import partial
from streams.services.console.observer import StatusObserver
LOOKS = "import time; runs = open(fifo, 'w'); print(file=runs, flush=True); time.sleep(600)"
async def run(_):
    StatusObserver(partial(exec, LOOKS, {"fifo": sys.argv[2]})).last()
    await asyncio.sleep(600)
"""
BEGINS = "\nimport asyncio, sys\nasyncio.run(run(sys.argv[1]))\n"


def read_within(descriptor: int, seconds: float) -> bytes:
    """What can be read now or soon; nothing where nobody has the other end open any more."""
    readable, _, _ = select.select([descriptor], [], [], seconds)
    assert readable, "the child still runs"
    return os.read(descriptor, 100)


@pytest.mark.parametrize("console", [JOB, LIST, ANSWER, LOOK], ids=["a job", "a list", "a question", "a look"])
def test_what_a_console_runs_ends_with_it_when_it_is_killed(console: str, tmp_path: Path) -> None:
    fifo = tmp_path / "runs"
    os.mkfifo(fifo)
    script = f"exec 9>{fifo}; echo >&9; exec sleep 600"  # and nobody else has its end of the pipe
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with subprocess.Popen([sys.executable, "-c", console + BEGINS, script, str(fifo)]) as parent:
            try:
                assert read_within(descriptor, 60) == b"\n"
            finally:
                parent.kill()
        assert read_within(descriptor, 60) == b""
    finally:
        os.close(descriptor)
