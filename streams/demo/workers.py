"""Starts and stops `harmonia worker` as processes of their own, as an operator would."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.demo.background import lines_of, start_session, stop_session
from streams.local.errors import LocalStackError

COMMAND = "streams.cli.main"
_METRICS = re.compile(r"worker (\d+): metrics on (\S+)")
_WORKING = re.compile(r"worker (\d+): working on")


@dataclass(slots=True)
class Workers:
    """A running `harmonia worker` command in a session of its own, and the metrics address of each process.

    `began`: where in the log its own lines begin.
    """

    process: "subprocess.Popen[bytes]"
    addresses: list[str]
    log: Path
    began: int = 0

    def must_run(self) -> None:
        """Raise `LocalStackError` when the command has ended by itself."""
        if (code := self.process.poll()) is not None:
            raise LocalStackError(f"the worker ended with exit code {code}; see {self.log}")

    def wait_until_working(self, processes: int) -> None:
        """Wait until each process works on its partitions. Raises `LocalStackError` when they end before they work."""
        addresses: dict[str, str] = {}
        working: set[str] = set()
        for line in lines_of(self.process, self.log, self.began):
            if found := _METRICS.match(line):
                addresses[found[1]] = found[2]
            elif found := _WORKING.match(line):
                working.add(found[1])
            if len(working) >= processes:
                self.addresses = [addresses[pid] for pid in sorted(working)]
                return
        code = self.process.wait()
        raise LocalStackError(f"the worker ended with exit code {code} before it worked; see {self.log}")

    def addresses_now(self) -> list[str]:
        """The metrics addresses of the processes that run now, also of one that was started again after a failure."""
        said = dict(_METRICS.findall(self.log.read_text(errors="replace")))
        return [address for pid, address in sorted(said.items()) if _is_in_session(int(pid), self.process.pid)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal all processes and wait; returns the exit code. Those that do not end in time are killed."""
        return stop_session(self.process, number)


def start_workers(  # noqa: PLR0913 (each is a part of what is started)
    environment: Mapping[str, str],
    log: Path,
    processes: int = 1,
    keep_open: Sequence[int] = (),
    *,
    restart: bool = False,
    program: str = COMMAND,
) -> Workers:
    """Start workers as `launch_workers` does, and wait until each process works on its partitions."""
    workers = launch_workers(environment, log, processes, keep_open, restart=restart, program=program)
    try:
        workers.wait_until_working(processes)
    except BaseException:
        workers.stop()
        raise
    return workers


def launch_workers(  # noqa: PLR0913 (each is a part of what is started)
    environment: Mapping[str, str],
    log: Path,
    processes: int = 1,
    keep_open: Sequence[int] = (),
    *,
    restart: bool = False,
    program: str = COMMAND,
) -> Workers:
    """Start workers, which do not work yet.

    `environment` is added to this process's own. Their output goes to `log`. `keep_open`: file descriptors that they
    hold for as long as they run, such as a lock's. `restart`: one that fails is started again. `program`: a module that
    is run in the place of the command.
    """
    command = [sys.executable, "-m", program, "worker", "--processes", str(processes)]
    command += ["--restart"] if restart else []
    process, began = start_session(command, environment, log, keep_open)
    return Workers(process, [], log, began)


def _is_in_session(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session
    except ProcessLookupError:
        return False
