"""Prints lines and tables for people, and signs of progress while a command works.

Nothing is cut off, and nothing that a terminal would obey gets through. Progress is on standard error: bars on a
terminal, a line elsewhere.
"""

from __future__ import annotations

import os
import textwrap
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer
from rich.console import Console
from rich.table import Table

from streams.domain.display_names import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def say(text: object, *, err: bool = False) -> None:
    """Print one line or several; `err`: on standard error."""
    typer.echo("\n".join(map(printable, str(text).split("\n"))), err=err)


_GAP = 2
_NARROWEST = 10
"""Characters that each broken column keeps at least."""
_FURTHER = 4
"""Spaces by which the rest of a broken line is indented."""


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str | None = None,
    right: Collection[int] = (),
) -> None:
    """Print a table. What is too long for its column goes on in the next line. Without rows nothing is printed.

    `right`: places of the columns that are numbers.
    """
    from events.identifiers import is_identity_hash

    shown = [[printable(cell) for cell in row] for row in rows]
    if not shown:
        return
    console = _console()
    named = {place for place, column in enumerate(zip(*shown, strict=True)) if any(map(is_identity_hash, column))}
    widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]
    whole = _unbroken_columns(widths, named, console.width)
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=place in whole, justify="right" if place in right else "left")
    for row in shown:
        table.add_row(*row)
    if title is not None:
        console.print(f"\n{title}")
    console.print(table)


def _unbroken_columns(widths: Sequence[int], named: Collection[int], room: int) -> set[int]:
    """The columns that are not broken, the narrowest first: a time or a name is read at a glance.

    `named`: those with a contact_id come before all others, since it is copied into the next command.
    """
    whole: set[int] = set()
    left = room - _GAP * (len(widths) - 1)
    order = sorted((place not in named, width, place) for place, width in enumerate(widths))
    for number, (_, width, place) in enumerate(order, start=1):
        left -= width
        if left < _NARROWEST * (len(widths) - number):
            break
        whole.add(place)
    return whole


def print_lines(lines: Iterable[str]) -> None:
    """Print lines; one that is wider than the terminal goes on in the next, further in."""
    console = _console()
    for line in lines:
        text = printable(line)
        further = " " * (len(text) - len(text.lstrip()) + _FURTHER)
        for part in textwrap.wrap(text, console.width, subsequent_indent=further, break_on_hyphens=False) or [""]:
            console.print(part)


def _console() -> Console:
    return Console(markup=False, highlight=False, emoji=False)


class FileBar:
    """A bar that follows the reading position in a file."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._file: BinaryIO | None = None
        self._done = 0

    def watch(self, file: BinaryIO) -> None:
        """Set the file whose position is shown."""
        self._file = file

    def advance(self, more: int) -> None:
        """Count so many more records as done."""
        self._done += more
        at = None if self._file is None or self._file.closed else self._file.tell()
        self._bar.update(self._task, completed=at, done=self._done)


@contextmanager
def file_bar(file: Path, console: Console) -> Iterator[FileBar]:
    """A bar for the length of a block; gone at its end, and not shown without a terminal."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn(file.name),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]:,}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        yield FileBar(bar, bar.add_task("", total=file.stat().st_size, done=0))


@contextmanager
def rows_bar(file: BinaryIO, console: Console) -> Iterator[Callable[[int, int], object]]:
    """A bar for rows that are read from a file or a pipe; yields what takes the rows, and their bytes, that are done.

    Its length is known of a file only.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    rows = 0
    with bar:
        task = bar.add_task("", total=_size(file), rows=0)

        def told(more: int, size: int) -> None:
            nonlocal rows
            rows += more
            bar.update(task, advance=size, rows=rows)

        yield told


def _size(file: BinaryIO) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size or None
    except OSError:
        return None


PATIENCE_S = 10.0
"""Seconds after which a line says what takes so long, where there is no terminal."""


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done, on a terminal from the first moment; what is yielded takes what is done next.

    Without a terminal a line comes after ten seconds, once: it is for whoever looks into a log.
    """
    console = Console(stderr=True, highlight=False, markup=False)
    if console.is_terminal:
        with console.status(f"{what} …") as status:
            yield lambda text: status.update(f"{text} …")
        return
    late = threading.Timer(PATIENCE_S, lambda: console.print(f"{what} takes longer than {PATIENCE_S:g} s; it goes on"))
    late.daemon = True
    late.start()
    try:
        yield lambda _: None
    finally:
        late.cancel()
