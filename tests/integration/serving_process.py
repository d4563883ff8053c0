"""A command of Harmonia that serves, as a process of its own with a log of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.command import COMMAND, environment_of
from tests.integration.waiting import until


@dataclass(frozen=True, slots=True)
class ServingProcess:
    """A running process; `log` has all it says, each line behind its `name`."""

    process: "subprocess.Popen[bytes]"
    log: Path
    name: str

    def address(self, what: str) -> str:
        """Where it is `listening`, or where its `metrics` are, once it says so."""

        def said() -> str | None:
            assert self.process.poll() is None, self.log.read_text()
            found = re.search(rf"{self.name}: {what} on (\S+)", self.log.read_text())
            return None if found is None else str(found[1])

        return until(said, f"what {self.name} says of {what}")

    @property
    def metrics(self) -> str:
        """Where its metrics are, once it says so."""
        return self.address("metrics")

    def end(self) -> None:
        """Have it stop by itself, unless it has ended; it must end well."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(30) == 0, self.log.read_text()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


@contextmanager
def started(
    command: Sequence[str], log: Path, environment: Mapping[str, str], name: str, under: Sequence[str] = ()
) -> Iterator[ServingProcess]:
    """A command of `harmonia` for the length of a block, in the folder of its log; it may end before.

    `under`: a command that starts it.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*under, sys.executable, "-m", COMMAND, *command],
            cwd=log.parent,
            env={**environment_of(log.parent, environment), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = ServingProcess(process, log, name)
    try:
        yield running
    finally:
        running.kill()
