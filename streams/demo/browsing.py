"""Shows a demo's data in the console to whoever visits it: a person at a terminal until Ctrl-C, or a program."""

import select
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from events.regimes import RegimeName
from streams.demo.console import phase
from streams.demo.console_processes import DemoConsole, demo_console
from streams.demo.list_to_try import FILE
from streams.domain.pressure.policy_files import policy_text
from streams.platform.policy_file import policy_of

Visit = Callable[[DemoConsole, Callable[[], None]], None]
"""A visit of a console that has everything; the second argument raises when anything that it needs has ended."""

_LOOK_S = 1.0


class Browsing:
    """The console beside one run, from its beginning.

    `servers`: the environment that leads to Kafka and Redis; `policy`: the file that the console may publish; `folder`:
    for its files, emptied first.
    """

    def __init__(self, servers: Mapping[str, str], policy: Path, folder: Path, terminal: Console) -> None:
        self._environment = {**servers, "HARMONIA_POLICY": str(policy)}
        self._folder = folder
        self._terminal = terminal
        self._running: DemoConsole | None = None

    def begin(self, started: ExitStack) -> None:
        """Start the console, and print a link for whoever wants to look on. It is stopped with what else is started."""
        with phase(self._terminal, "Starting the console"):
            self._running = started.enter_context(demo_console(self._environment, self._folder))
        print_link(self._terminal, self._running)

    def begin_lake(self, started: ExitStack) -> None:
        """Fill the lake from now on."""
        if self._running is not None:
            started.callback(self._running.begin_lake())

    def offer(self, people: str) -> None:
        """Have the console offer a list of people, to be judged on its page."""
        written = self._folder / f"{FILE}.new"
        written.touch(mode=0o600)
        written.write_text(people)
        written.replace(self._folder / FILE)

    def end(self, visit: Visit, must_run: Callable[[], None]) -> None:
        """Wait until the console has everything, and let it be visited.

        Raises `LocalStackError` when one of its processes ends, or what `must_run` raises.
        """
        running = self._running
        if running is None:
            return
        with phase(self._terminal, "Filling the console's desk") as shown:
            running.wait_until_filled(lambda: time.time_ns() // 1_000_000, shown.move)

        def all_must_run() -> None:
            running.must_run()
            must_run()

        visit(running, all_must_run)


def own_policy(named: Path | None, regime: RegimeName, folder: Path) -> Path:
    """A copy of the policy that holds, for the demo's console to publish others in its place; `named`: its file."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "policy.toml"
    path.write_text(policy_text(policy_of(named, regime)))
    return path


def at_terminal(terminal: Console) -> Visit:
    """The visit of a person: a link, another one at each Enter, until Ctrl-C or the end of the terminal."""

    def visit(running: DemoConsole, must_run: Callable[[], None]) -> None:
        terminal.print("The console has all of it. Enter: another link. Ctrl-C: stop the demo.", style="bold")
        try:
            while True:
                must_run()
                if select.select([sys.stdin], [], [], _LOOK_S)[0]:
                    if not sys.stdin.readline():
                        return
                    print_link(terminal, running)
        except KeyboardInterrupt:
            terminal.print("Stopping")

    return visit


def print_link(terminal: Console, running: DemoConsole) -> None:
    """Print a link that signs in whoever opens it first."""
    link = running.new_link()
    terminal.print(f"\nThe console, for whoever opens this first: {link}\n", soft_wrap=True, highlight=False)
