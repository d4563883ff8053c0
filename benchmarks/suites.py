"""What a suite is: measures one subject on a stack of its own, and returns a section of the common table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.results import Section
from streams.local.stack import Stack


@dataclass(frozen=True, slots=True)
class Bench:
    """What the frame gives to a suite: a fresh Kafka and Redis, `home` below which it may write, and its orders.

    `quick`: show that it works, in a minute or two; the figures are rough.
    """

    stack: Stack
    stack_home: Path
    home: Path
    console: Console
    rounds: int = 3
    quick: bool = False
    seed: int = 2026
    only: frozenset[str] = frozenset()

    def say(self, line: str) -> None:
        """Tell whoever waits what was found."""
        self.console.print(line, highlight=False)


Suite = Callable[[Bench], Section]
