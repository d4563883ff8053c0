"""`harmonia console follow` as a process of its own, that may be killed, frozen and replaced."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.integration.command import environment_of
from tests.integration.lake_process import LakeProcess


@contextmanager
def following(folder: Path, name: str, environment: Mapping[str, str]) -> Iterator[LakeProcess]:
    """A process for the length of a block, unless it has ended before."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli.main", "console", "follow"],
            cwd=folder,
            env={**environment_of(folder, environment), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield LakeProcess(process, log, "desk")
    finally:
        process.kill()
        process.wait()
