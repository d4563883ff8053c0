"""A bar on standard error, if somebody looks at it, that follows the position in a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn


class FileBar:
    """How far into a file the reading has come."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._file: BinaryIO | None = None
        self._done = 0

    def watch(self, file: BinaryIO) -> None:
        """The file whose position is shown."""
        self._file = file

    def advance(self, more: int) -> None:
        """So many more are done."""
        self._done += more
        at = None if self._file is None or self._file.closed else self._file.tell()
        self._bar.update(self._task, completed=at, done=self._done)


@contextmanager
def file_bar(file: Path, console: Console) -> Iterator[FileBar]:
    """A bar for one file, gone at the end."""
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
