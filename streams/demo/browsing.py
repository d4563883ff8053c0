"""Shows a demo's data in the console to whoever visits it: a person at a terminal until Ctrl-C, or a program."""

import select
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from streams.demo.console_processes import DemoConsole, demo_console

Visit = Callable[[DemoConsole, Callable[[], None]], None]
"""A visit of a console that has everything; the second argument raises when anything that it needs has ended."""

_LOOK_S = 1.0


class Browsing:
    """The console beside one run. Its processes are stopped with what else the run has `started`.

    `servers`: the environment that leads to Kafka and Redis; `folder`: for its files, emptied first.
    """

    def __init__(self, servers: Mapping[str, str], folder: Path, terminal: Console, started: ExitStack) -> None:
        self._servers = servers
        self._folder = folder
        self._terminal = terminal
        self._started = started
        self._running: DemoConsole | None = None
        self._has_link = False

    def begin(self) -> None:
        """Start the console and print a link to it, for whoever wants to look on while its desk is being filled."""
        print_link(self._terminal, self._start())
        self._has_link = True

    def _start(self) -> DemoConsole:
        if self._running is None:
            with self._terminal.status("Starting the console"):
                self._running = self._started.enter_context(demo_console(self._servers, self._folder))
        return self._running

    def end(self, visit: Visit, must_run: Callable[[], None]) -> None:
        """Wait until the console has everything, print a link if there is none yet, and let it be visited.

        Before that its pages would tell of half an evening. Raises `LocalStackError` when one of its processes ends, or
        what `must_run` raises.
        """
        running = self._start()
        with self._terminal.status("Filling the console's desk"):
            running.wait_until_filled(lambda: time.time_ns() // 1_000_000)
        if not self._has_link:
            print_link(self._terminal, running)

        def all_must_run() -> None:
            running.must_run()
            must_run()

        visit(running, all_must_run)


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
