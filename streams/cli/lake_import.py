"""`harmonia lake import`: what happened before, from old files into the lake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.import_told import reporting, say_report
from streams.cli.lake import app
from streams.cli.replaying import history_bar, selection_given
from streams.cli.saying import say

if TYPE_CHECKING:
    from streams.history.lake.input_files import InputFile


@app.command("import")
def lake_import(  # noqa: PLR0913 (options of a command)
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders or another lake; also URIs.")],
    *,
    since: Annotated[str | None, typer.Option("--from", help="A date or RFC 3339 time: what happened since.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="And before this one.")] = None,
    types: Annotated[list[str] | None, typer.Option("--types", help="Such as email.*,text.*.")] = None,
    refused: Annotated[Path | None, typer.Option(dir_okay=False, help="File for refusals, a line each.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would be written.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Bring old interactions into the lake: JSON lines, Parquet or CSV, plain, gzip or zstd. `rebuild` folds them.

    Nothing is sent. What was brought in before is not brought in again; what was interrupted goes on where it was.
    """
    from sinks.lake.manifests import LakeDamaged, is_lake
    from streams.history.importing.file_items import Unreadable
    from streams.history.lake.buffers import FlushLimits
    from streams.history.lake.input_files import selected_files
    from streams.history.lake.old_files import OldFiles, import_old_files, preview_import
    from streams.platform.lake_files import files_of
    from streams.worker.app import wall_clock

    settings, selection = load_settings(), selection_given(since, until, types)
    limits = FlushLimits(settings.lake_flush_rows, settings.lake_flush_bytes, settings.lake_flush_s)
    with failing_plainly(), reporting(refused) as report:
        files = files_of(settings)
        try:
            if not is_lake(files):
                say(f"no lake was at {files.address('')}: a new one begins there", err=True)
            old = OldFiles(_parts(paths), selection, settings.hasher, wall_clock())
            with history_bar(paths[0], [part.rows for part in selected_files(old.parts, selection)]) as screen:
                if dry_run:
                    preview_import(files, old, report, screen)
                else:
                    import_old_files(files, old, limits, report, screen)
        except (Unreadable, LakeDamaged) as error:
            refuse(str(error))
        except OSError as error:
            refuse(f"{error.filename or 'HARMONIA_LAKE'}: {error.strerror or type(error).__name__}")
    say_report(report, as_json=as_json)


def _parts(paths: list[str]) -> list[InputFile]:
    """Of all paths, in order. Raises as `input_files_at`, and says of which."""
    from streams.history.importing.file_items import Unreadable
    from streams.history.lake.input_files import input_files_at

    found = []
    for path in paths:
        try:
            found += input_files_at(path)
        except Unreadable as error:
            raise Unreadable(f"{path}: {error}") from error
    return found
