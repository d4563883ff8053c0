"""The command `harmonia`, run as a person at a terminal would."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from streams.local.stack import Stack

Ended = subprocess.CompletedProcess[bytes]
COMMAND = "streams.cli.main"
SERVERS = ("KAFKA_BOOTSTRAP", "REDIS_URL")
PATIENCE_S = 600
"""Who runs longer hangs: a whole demo takes minutes where a machine is starved."""


def harmonia(
    folder: Path, *words: str, environment: Mapping[str, str], given: bytes | None = None, program: str = COMMAND
) -> Ended:
    """Run it to its end in a folder, where no `.env` can be; `given` is its standard input."""
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
