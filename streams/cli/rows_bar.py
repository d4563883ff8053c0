"""A bar on standard error, if somebody looks at it, of rows that are read from a file or a pipe.

How long it will be is known of a file only.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


@contextmanager
def rows_bar(file: BinaryIO, console: Console) -> Iterator[Callable[[int, int], object]]:
    """What is to hear how many rows, of how many bytes, are done."""
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
