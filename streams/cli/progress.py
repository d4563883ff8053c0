"""Signs of progress on standard error while a command works: bars on a terminal, a line elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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
"""After so long it is told without a terminal too."""


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
