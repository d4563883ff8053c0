"""`harmonia lake run` as a process of its own, that may be killed, frozen and replaced."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.command import environment_of
from tests.integration.waiting import until


@dataclass(frozen=True, slots=True)
class LakeProcess:
    """A running process; `log` has all it says."""

    process: "subprocess.Popen[bytes]"
    log: Path
    name: str = "lake"

    @property
    def metrics(self) -> str:
        """Where its metrics are, once it says so."""

        def said() -> str | None:
            found = re.search(rf"{self.name}: metrics on (\S+)", self.log.read_text())
            return None if found is None else str(found[1])

        return until(said, "the lake's metrics")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Have it stop by itself; it must end well."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.log.read_text()


@contextmanager
def running_lake(folder: Path, name: str, environment: Mapping[str, str], *options: str) -> Iterator[LakeProcess]:
    """A process for the length of a block, unless it has ended before."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli.main", "lake", "run", *options],
            cwd=folder,
            env={**environment_of(folder, environment), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield LakeProcess(process, log)
    finally:
        process.kill()
        process.wait()
