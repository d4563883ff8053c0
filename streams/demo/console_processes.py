"""Starts and stops the demo's console, and beside it what fills the desk and the lake that it reads."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from events.console_acts import CONSOLE_ACTS
from sinks.lake.files import open_files
from sinks.lake.manifests import is_lake
from streams.demo.background import lines_of, start_session, stop_session
from streams.demo.cast import new_link, people_file
from streams.demo.evening import ZONE
from streams.demo.list_to_try import FILE
from streams.demo.workers import COMMAND
from streams.local.errors import LocalStackError
from streams.services.console.desk import Desk, DeskMissing
from streams.services.console.desk_reading import freshness

SERVER = "streams.demo.console_server"
_LAKE = "lake run"
_LISTENING = re.compile(r"console: listening on (\S+)")
_LOOK_AGAIN_S = 0.25
_FILLED_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class DemoConsole:
    """A running console. `address`: its URL without a path; `processes`: by name, with the log of all of them.

    `environment`: what they were told.
    """

    address: str
    links: Path
    desk: Path
    processes: dict[str, "subprocess.Popen[bytes]"]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def begin_lake(self) -> Callable[[], object]:
        """Start what fills the lake; returns what stops it.

        It reads in a few seconds what is there already. Begun with the rest, it would take as much of the processor as
        the worker, for files of a few records each.
        """
        process, _ = start_session([sys.executable, "-m", COMMAND, "lake", "run"], self.environment, self.log)
        self.processes[_LAKE] = process
        return lambda: stop_session(process)

    def new_link(self) -> str:
        """A URL that signs in whoever opens it first."""
        return f"{self.address}/enter/{new_link(self.links)}"

    def must_run(self) -> None:
        """Raise `LocalStackError` when one of the processes has ended by itself."""
        for name, process in self.processes.items():
            if (code := process.poll()) is not None:
                raise LocalStackError(f"{name} ended with exit code {code}; see {self.log}")

    def wait_until_filled(self, now_ms: Callable[[], int], show: Callable[[str], None]) -> None:
        """Wait until the desk has all that the topics have now, and a lake that is filled has begun.

        What it does not have yet is read from the topic. Raises `LocalStackError` after five minutes. `show` is told
        how far it is.
        """
        given_up = time.monotonic() + _FILLED_WITHIN_S
        while (topics := _unread(self.desk, now_ms())) != [] or not self._lake_has_begun():
            show(f"{', '.join(topics[:3])} not read to the end yet" if topics else "not there yet")
            self.must_run()
            if time.monotonic() > given_up:
                raise LocalStackError(f"the desk was not filled within {_FILLED_WITHIN_S:.0f} s; see {self.log}")
            time.sleep(_LOOK_AGAIN_S)  # nobody is told of it; the file is asked

    def _lake_has_begun(self) -> bool:
        return _LAKE not in self.processes or is_lake(open_files(self.environment["HARMONIA_LAKE"]))


def _unread(path: Path, now_ms: int) -> list[str] | None:
    """The topics that the desk does not have to their ends; None: there is no desk yet."""
    try:
        desk = Desk.open(path)
    except DeskMissing:
        return None
    try:
        return [name for name, topic in freshness(desk, now_ms).items() if not topic.complete]
    finally:
        desk.close()


@contextmanager
def demo_console(servers: Mapping[str, str], folder: Path) -> Iterator[DemoConsole]:
    """The console for the length of a block, with an empty desk and a place for a lake in an empty `folder`.

    `servers`: the environment that leads to Kafka and Redis. Raises `LocalStackError` when one of them does not start.
    """
    shutil.rmtree(folder, ignore_errors=True)
    names = ("links", "desk.sqlite", "lake", "people.toml", "console.log")
    links, desk, lake, people, log = (folder / name for name in names)
    links.mkdir(parents=True, mode=0o700)
    people.touch(mode=0o600)
    people.write_text(people_file())
    environment = {
        **servers,
        "HARMONIA_CONSOLE_PEOPLE": str(people),
        "HARMONIA_CONSOLE_MAY": " ".join(CONSOLE_ACTS),
        "HARMONIA_DESK": str(desk),
        "HARMONIA_DESK_CLOCK": "events",
        "HARMONIA_DESK_HOURS": "9000",
        "HARMONIA_LAKE": str(lake),
        "HARMONIA_LAKE_FLUSH_S": "5",
        "HARMONIA_TIME_ZONE": ZONE,
        "HARMONIA_METRICS_PORT": "0",
    }
    with ExitStack() as started:
        running = {}
        command = [sys.executable, "-m", COMMAND, "console", "follow"]
        running["console follow"], _ = start_session(command, environment, log)
        started.callback(stop_session, running["console follow"])
        command = [sys.executable, "-m", SERVER, str(links), str(desk), str(folder / FILE)]
        running["console"], began = start_session(command, environment, log)
        started.callback(stop_session, running["console"])
        yield DemoConsole(_address(running["console"], log, began), links, desk, running, log, environment)


def _address(process: "subprocess.Popen[bytes]", log: Path, began: int) -> str:
    for line in lines_of(process, log, began):
        if found := _LISTENING.match(line):
            return found[1]
    raise LocalStackError(f"the console ended with exit code {process.wait()} before it listened; see {log}")
