"""Lets a person at a terminal look at a demo's data in the console, until Ctrl-C."""

import select
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from streams.demo.console_processes import DemoConsole, demo_console

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

    def begin(self) -> None:
        """Start the processes and print a link, the first time that it is called."""
        if self._running is None:
            self._print_link(self._console())

    def until_told_to_stop(self, must_run: Callable[[], None]) -> None:
        """Print a link once the desk has everything, another one at each Enter, and return at Ctrl-C.

        Raises `LocalStackError` when one of the processes ends, or what `must_run` raises.
        """
        running = self._console()
        with self._terminal.status("Filling the console's desk"):
            running.wait_until_filled(lambda: time.time_ns() // 1_000_000)
        self._print_link(running)
        self._terminal.print("Enter: another link. Ctrl-C: stop the demo.", style="dim")
        try:
            while True:
                running.must_run()
                must_run()
                if select.select([sys.stdin], [], [], _LOOK_S)[0]:
                    if not sys.stdin.readline():  # the terminal is gone
                        return
                    self._print_link(running)
        except KeyboardInterrupt:
            self._terminal.print("Stopping")

    def _console(self) -> DemoConsole:
        if self._running is None:
            with self._terminal.status("Starting the console"):
                self._running = self._started.enter_context(demo_console(self._servers, self._folder))
        return self._running

    def _print_link(self, running: DemoConsole) -> None:
        link = running.new_link()
        self._terminal.print(f"\nThe console, for whoever opens this first: {link}", soft_wrap=True, highlight=False)
