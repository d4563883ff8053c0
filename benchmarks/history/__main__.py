"""`python -m benchmarks.history --rows 1000000`: invent a lake, fold all of it again, compare some with the stream."""

import os
import shutil
import time
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from benchmarks.history import inventing
from benchmarks.history.streaming import differing
from benchmarks.processes import Meter, Usage
from benchmarks.report import table
from benchmarks.results import RESULTS, Figure, Goal, Section, write_results
from streams.history.refold.buckets import SortedHistory, in_processes, sort_history
from streams.history.refold.fold_files import FoldCounts, fold_history

RATE = Goal("at least", 60_000)
MEMORY = Goal("at most", 2_000)
COMPARED = 2_000
"""About so many contacts are folded as the stream folds them, and compared."""


def main(
    rows: Annotated[int, typer.Option(min=1_000, help="About so many interactions.")] = 1_000_000,
    processes: Annotated[int, typer.Option(min=1, help="Processes that fold.")] = 2,
    seed: Annotated[int, typer.Option(help="Of another seed it is another lake.")] = 2026,
    home: Annotated[Path | None, typer.Option(help="Where the lake and all else goes; emptied.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lake there, and use the one that is there.")] = False,
) -> None:
    """Measure, say what was measured, and keep it in benchmarks/results/history.json."""
    place = home or Path(mkdtemp(prefix="history-"))
    lake, work, out = place / "lake", place / "work", place / "out"
    contacts = inventing.contacts_of(rows)
    try:
        known = place / f"{contacts}-{seed}"
        if not (keep and known.exists()):
            _invent(lake, contacts, seed, processes)
            known.touch()
        for folder in (work, out):
            shutil.rmtree(folder, ignore_errors=True)
        section = _measured(lake, work, out, processes)
        typer.echo(table(section))
        compared, differ = differing(lake, out, max(1, contacts // COMPARED), seed)
        typer.echo(f"{compared} contacts folded as the stream does: {differ} differ")
        write_results([section], RESULTS / "history.json")
        if differ:
            raise typer.Exit(1)
    finally:
        if not keep:
            shutil.rmtree(place, ignore_errors=True)


def _invent(lake: Path, contacts: int, seed: int, processes: int) -> None:
    shutil.rmtree(lake, ignore_errors=True)
    began = time.monotonic()
    invent = partial(inventing.invent_day, lake, contacts, seed)
    count = sum(in_processes(invent, range(inventing.DAYS), processes))
    typer.echo(f"{count:,} interactions of {contacts:,} contacts invented in {time.monotonic() - began:.0f} s")


def _measured(lake: Path, work: Path, out: Path, processes: int) -> Section:
    with Meter([os.getpid()]) as meter:
        gathered = sort_history(lake.as_posix(), work, processes)
        spilt = meter.read()
        folded = fold_history(lake.as_posix(), gathered, out, processes)
        whole = meter.read()
    return Section("History folded again", _figures(gathered, spilt, whole), _notes(lake, work, gathered, folded))


def _figures(gathered: SortedHistory, spilt: Usage, whole: Usage) -> tuple[Figure, ...]:
    rows = gathered.rows
    return (
        Figure("all", "rate", "interactions/s", (rows / whole.wall_seconds,), RATE),
        Figure("all", "CPU", "µs an interaction", (whole.cpu_seconds / rows * 1e6,)),
        Figure("all", "peak memory of all processes", "MB", (whole.peak_rss / 1e6,), MEMORY),
        Figure("gathering", "wall time", "s", (spilt.wall_seconds,)),
        Figure("gathering", "CPU", "µs an interaction", (spilt.cpu_seconds / rows * 1e6,)),
        Figure("folding", "wall time", "s", (whole.wall_seconds - spilt.wall_seconds,)),
        Figure("folding", "CPU", "µs an interaction", ((whole.cpu_seconds - spilt.cpu_seconds) / rows * 1e6,)),
    )


def _notes(lake: Path, work: Path, gathered: SortedHistory, folded: FoldCounts) -> tuple[str, ...]:
    outcomes = ", ".join(f"{name} {count:,}" for name, count in sorted(folded.outcomes.items()))
    return (
        f"{gathered.rows:,} interactions of {folded.contacts:,} contacts in {gathered.buckets} buckets: {outcomes}",
        f"lake {_bytes(lake) / 1e9:.2f} GB, spills {_bytes(work) / 1e9:.2f} GB",
    )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    typer.run(main)
