"""What a suite is: measures one subject on a stack of its own, and returns a section of the common table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.results import Section
from streams.local.stack import Stack


class BenchmarkFailed(Exception):
    """A suite cannot give its figures; the text is for the person at the terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is asked of every suite.

    `quick`: show that it works, in a minute or two; the figures are rough. `events` and `peers`: how many events each
    peer is given, and which peers, where it says so.
    """

    rounds: int = 3
    quick: bool = False
    seed: int = 2026
    events: int | None = None
    peers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench(Orders):
    """What the frame gives to a suite: a fresh Kafka and Redis, `home` below which it may write, and its orders."""

    stack: Stack
    stack_home: Path
    home: Path
    console: Console

    def say(self, line: str) -> None:
        """Tell whoever waits what was found."""
        self.console.print(line, highlight=False)


Suite = Callable[[Bench], Section]

BareSuite = Callable[[Orders], Section]
"""One that needs no stack."""
