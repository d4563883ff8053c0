"""What is said of an import, and of a replay, at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import typer

from streams.cli.failures import WRONG_USE, refuse
from streams.cli.saying import say

if TYPE_CHECKING:
    from streams.history.importing.import_run import ImportReport


@contextmanager
def reporting(path: Path | None) -> Iterator[ImportReport]:
    """A report for the length of a block, with a file for what is refused, or without one."""
    from streams.history.importing.import_run import ImportReport

    if path is None:
        yield ImportReport(None)
        return
    try:
        file = path.open("wb")
    except OSError as error:
        refuse(f"--refused: {path}: {error.strerror}", WRONG_USE)
    with file:
        yield ImportReport(file)


def say_report(report: ImportReport, *, as_json: bool) -> None:
    """What became of everything: refusals on standard error, counts on standard output."""
    counts = report.counts
    for line in report.shown:
        say(line, err=True)
    if (more := counts.refused.total() - len(report.shown)) > 0:
        say(f"and {more:,} more refused; --refused FILE keeps them all", err=True)
    if as_json:
        parts = {"interactions": counts.interactions, "refused": counts.refused, "left_out": counts.left_out}
        typer.echo(orjson.dumps({name: dict(sorted(part.items())) for name, part in parts.items()}))
        return
    for name, counter in (("", counts.interactions), ("refused: ", counts.refused), ("left out: ", counts.left_out)):
        for what, number in sorted(counter.items()):
            say(f"{number:>12,}  {name}{what}")
