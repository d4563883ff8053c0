"""`harmonia replay`: publishes history again, from the lake or from files."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.importing import open_report, print_report
from streams.cli.output import say
from streams.cli.time_options import parse_span_options
from streams.platform.shutdown import signals_end_the_block

if TYPE_CHECKING:
    from streams.history.importing.import_run import ProgressDisplay
    from streams.history.lake.input_files import Selection

_INTERRUPTED = 128 + signal.SIGINT
_errors = Console(stderr=True, highlight=False)


def replay(  # noqa: PLR0913 (options of a command)
    path: Annotated[str, typer.Argument(metavar="PATH", help="A lake, a folder or a file; a URI as of HARMONIA_LAKE.")],
    *,
    since: Annotated[str | None, typer.Option("--from", help="A date or RFC 3339 time: what happened since.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="And before this one.")] = None,
    types: Annotated[list[str] | None, typer.Option("--types", help="Such as donation.*,form.submitted.")] = None,
    rate: Annotated[float | None, typer.Option(min=1, help="Records a second, at most.")] = None,
    regardless: Annotated[
        bool, typer.Option("--regardless", help="Do not slow down, nor pause, where workers are behind.")
    ] = False,
    erasures: Annotated[
        bool, typer.Option("--erasures", help="Erase first whom it tells to erase: in a system that has not yet.")
    ] = False,
    refused: Annotated[Path | None, typer.Option(dir_okay=False, help="File for refusals, a line each.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing; say what would be sent.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was replayed before, from its start.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell history again: from a lake or its Parquet files, JSON lines or CSV, plain, gzip or zstd.

    Facts that are known are recognised. Messages older than 7 days stay out: they enter by a rebuild. It yields to live
    traffic. A replay that was interrupted goes on where it was.
    """
    from sinks.lake.manifests import LakeDamaged
    from streams.history.importing.file_items import Unreadable
    from streams.history.lake.input_files import input_files_at, selected_files
    from streams.history.replay.replay_run import (
        FOLDER,
        ReplayOptions,
        ReplaySource,
        preview_replay,
        replay_lock,
        send_replay,
    )
    from streams.worker.app import wall_clock

    settings = load_settings()
    selection = parse_selection_options(since, until, types)
    with failing_plainly(), _saying_how_it_goes_on(), open_report(refused) as report:
        try:
            history = ReplaySource(
                input_files_at(path),
                selection,
                settings.phone_region,
                wall_clock(),
                erases=erasures,
                wall=settings.wall,
            )
            with history_bar(path, [part.rows for part in selected_files(history.parts, selection)]) as screen:
                if dry_run:
                    preview_replay(history, report, screen)
                else:
                    with replay_lock(settings.home / FOLDER, path):
                        send_replay(history, ReplayOptions(rate, not regardless, again), settings, report, screen)
        except (Unreadable, LakeDamaged) as error:
            refuse(f"{path}: {error}")
        except FileNotFoundError:
            refuse(f"{path}: a file in it is gone; where files were merged meanwhile, run this again: it goes on")
        except OSError as error:
            refuse(f"{path}: {error.strerror or type(error).__name__}")
    print_report(report, as_json=as_json)


@contextmanager
def _saying_how_it_goes_on() -> Iterator[None]:
    """Where SIGINT, SIGTERM or SIGHUP ends the block, the command ends with 128 and the signal's number."""
    with signals_end_the_block():
        try:
            yield
        except (KeyboardInterrupt, SystemExit) as error:
            code = error.code if isinstance(error, SystemExit) else _INTERRUPTED
            say("interrupted; the same command goes on where it was", err=True)
            raise SystemExit(code) from error


def parse_selection_options(since: str | None, until: str | None, types: list[str] | None) -> Selection:
    """The selection of `--from`, `--to` and `--types`. Ends the command where one cannot be read."""
    from events.registry import MODELS
    from events.spelling import did_you_mean
    from streams.history.lake.input_files import Selection, types_named

    try:
        named = types_named(types) if types else None
    except ValueError as error:
        refuse(
            f"--types: {error}: no type has this name{did_you_mean(str(error), MODELS)} (docs/schemas has all)",
            WRONG_USE,
        )
    return Selection(*parse_span_options(since, until), named)


@contextmanager
def history_bar(path: str, rows: list[int | None]) -> Iterator[ProgressDisplay]:
    """A bar on standard error, on a terminal only."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from streams.history.importing.import_run import ProgressDisplay

    bar = Progress(
        TextColumn(path.rpartition("/")[2] or path),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
        console=_errors,
        transient=True,
        disable=not _errors.is_terminal,
    )
    known = [each for each in rows if each is not None]
    with bar:
        task = bar.add_task("", total=sum(known) if len(known) == len(rows) else None)
        yield ProgressDisplay(lambda more: bar.advance(task, more), _errors.print)
