"""The command `harmonia`, run as a person or a program would: in this process, or as one of its own."""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from contextvars import copy_context
from pathlib import Path

from streams.cli.main import app
from streams.local.stack import Stack
from tests.integration.in_process import as_own_process
from tests.integration.waiting import until

Ended = subprocess.CompletedProcess[bytes]
COMMAND = "streams.cli.main"
SERVERS = ("KAFKA_BOOTSTRAP", "REDIS_URL")
PATIENCE_S = 600
"""Who runs longer hangs: a whole demo takes minutes where a machine is starved."""


def harmonia(folder: Path, *words: str, environment: Mapping[str, str], given: bytes | None = None) -> Ended:
    """Run a command to its end in this process, since a new one takes a second to begin; `given`: standard input.

    It runs in a folder, where no `.env` can be. What serves, is killed, or runs beside a running event loop has to be
    a process of its own: `harmonia_process`.
    """
    with as_own_process(folder, environment_of(folder, environment), words, given) as written:
        code = copy_context().run(_exit_code, words)
    return Ended(words, code, written.stdout, written.stderr)


def _exit_code(words: tuple[str, ...]) -> int:
    """Run the command as Python runs a program: what nobody catches is printed, and ends it with 1."""
    try:
        app(words, prog_name="harmonia")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        sys.stderr.write(f"{ended.code}\n")
    except Exception:  # noqa: BLE001 (the test sees it on standard error)
        traceback.print_exc()
    return 1


def harmonia_process(
    folder: Path, *words: str, environment: Mapping[str, str], given: bytes | None = None, program: str = COMMAND
) -> Ended:
    """Run a command to its end as a process of its own; see `harmonia`. `program`: a module in its place."""
    return subprocess.run(
        [sys.executable, "-m", program, *words],
        cwd=folder,
        env=environment_of(folder, environment),
        input=given,
        stdin=None if given is not None else subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )


def killed(folder: Path, *words: str, environment: Mapping[str, str], once: Callable[[], object]) -> None:
    """Run a command as a process of its own, and kill it, as no process can prepare for, once something is seen."""
    command = [sys.executable, "-m", COMMAND, *words]
    with subprocess.Popen(
        command, cwd=folder, env=environment_of(folder, environment), stdout=subprocess.DEVNULL
    ) as process:
        try:
            until(once, f"what {words} does before it is killed")
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL, "it was over before"


def environment_of(folder: Path, added: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any server in it, so that only `added` says where they are."""
    inherited = {name: value for name, value in os.environ.items() if name not in SERVERS}
    own = {"HARMONIA_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"}
    return {**inherited, **own, **added}


def on(stack: Stack, **settings: str) -> dict[str, str]:
    """The environment that leads to a stack."""
    return {**stack.environment, **settings}


def ended_well(ended: Ended) -> Ended:
    assert (ended.returncode, ended.stderr) == (0, b"")
    return ended


def refused(ended: Ended, code: int = 1) -> str:
    """The reason on standard error; there is one, it is for people and nothing else was said."""
    said = ended.stderr.decode()
    assert ended.returncode == code, said
    assert said.strip()
    assert "Traceback" not in said
    return said
