"""`harmonia lake`: fills, compacts, erases, reads and refolds history in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from events.topics import CONTACT_ROOFS, CONTACT_SUPPRESSIONS
from streams.cli.failures import REFUSED, WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.importing import open_report, print_report
from streams.cli.output import say
from streams.cli.replay import history_bar, parse_selection_options
from streams.cli.retention import File, Kind, Purpose, Until
from streams.platform.errors import KafkaAway
from streams.platform.shutdown import signals_end_the_block

if TYPE_CHECKING:
    from streams.history.lake.input_files import InputFile


_DAY_MS = 86_400_000


@contextmanager
def _failing_plainly() -> Iterator[None]:
    """As `failing_plainly`, and where the lake cannot be reached, or is none."""
    from sinks.lake.manifests import LakeDamaged

    with failing_plainly():
        try:
            yield
        except LakeDamaged as error:
            refuse(str(error))
        except KafkaAway:  # is an OSError too, and no fault of the lake
            raise
        except OSError as error:
            refuse(f"HARMONIA_LAKE cannot be reached: {error.strerror or type(error).__name__}")


app = typer.Typer(help="History as Parquet files: fill it, keep it in order, ask it.", no_args_is_help=True)


@app.command("run")
def run(
    skip_lost: Annotated[
        bool, typer.Option("--skip-lost", help="Go on where the topic has deleted what the lake does not have.")
    ] = False,
) -> None:
    """Write `interactions` into the lake until SIGINT or SIGTERM. Says where its metrics are."""
    from streams.history.lake.server import run_lake

    settings = load_settings()
    with _failing_plainly():
        run_lake(settings, lambda text: say(f"lake: {text}"), skip_lost=skip_lost)


@app.command("snapshot")
def snapshot() -> None:
    """Write what `contact-state` and `contact-links` say now as the snapshot of today (UTC), once."""
    import asyncio

    from streams.history.lake.snapshots import take_snapshot
    from streams.platform.lake_files import existing_lake_of
    from streams.worker.app import wall_clock

    settings = load_settings()
    with _failing_plainly():
        taken = asyncio.run(take_snapshot(settings, existing_lake_of(settings), wall_clock()))
    if taken is None:
        say("there is a snapshot of today already")
    else:
        say(f"date={taken.date}: {taken.contacts} contacts, {taken.links} merged into others")


@app.command("compact")
def compact(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="DAYS", help="Only days that ended so long ago: 1d, 7d.")
    ] = "1d",
) -> None:
    """Merge the small files of each day and type into few."""
    from sinks.lake.compaction import compact as merge
    from sinks.lake.rows import date_of
    from streams.domain.display_names import counted
    from streams.platform.lake_files import existing_lake_of
    from streams.worker.app import wall_clock

    days = older_than.removesuffix("d")
    if not days.isdigit() or len(days) > 4:
        refuse("--older-than: give days, such as 1d", WRONG_USE)
    with _failing_plainly():
        done = merge(existing_lake_of(load_settings()), date_of(wall_clock() // _DAY_MS - int(days)))
    say(f"{done.before:,} files became {done.after:,}, {counted(done.rows, 'row', 'rows')}")


@app.command("erase")
def erase(
    erasures: Annotated[
        Path | None, typer.Option("--erasures", exists=True, dir_okay=False, help="File of `backup --erasures`.")
    ] = None,
) -> None:
    """Take erased people out of the lake: whom the system says to be erased, the file, and commands in the lake."""
    import asyncio

    from sinks.lake.rows import date_of
    from sinks.lake.snapshots import abandon_snapshots
    from sinks.lake.unfinished_writes import abandon_imports
    from streams.domain.display_names import counted
    from streams.history.lake.erasure import announced_erasures, closing_erasures, erase_from_lake
    from streams.platform.lake_files import existing_lake_of
    from streams.platform.topics import require_topic
    from streams.worker.app import wall_clock

    settings, now = load_settings(), wall_clock()
    with _failing_plainly():
        files = existing_lake_of(settings)
        abandon_snapshots(files, date_of(now // _DAY_MS - 1), now)
        abandon_imports(files, now - _DAY_MS)
        for topic in (CONTACT_ROOFS, CONTACT_SUPPRESSIONS):
            require_topic(settings, topic)
        told = [*asyncio.run(announced_erasures(settings)), *asyncio.run(closing_erasures(settings, files))]
        done = erase_from_lake(files, told, erasures)
    say(f"{counted(done.rows, 'row', 'rows')} in {counted(done.files, 'file', 'files')} lost their person")


@app.command("forget")
def forget(  # noqa: PLR0913 (options of a command)
    until: Until,
    most: Annotated[
        int | None, typer.Option(min=0, help="Refuse where more rows than this would go; needed without --dry-run.")
    ] = None,
    *,
    kind: Kind = None,
    file: File = None,
    purpose: Purpose = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say how many rows it would be.")] = False,
) -> None:
    """Take what is of one source or purpose until a time out of the lake, as `retention run` does of all else.

    Nothing is changed where more rows would go than `--most`; exit code 1 then.
    """
    from sinks.lake.forgotten_provenance import count_of_provenance, forget_provenance
    from sinks.lake.rows import date_of
    from sinks.lake.snapshots import abandon_snapshots
    from sinks.lake.unfinished_writes import abandon_imports
    from streams.cli.retention import Named, forgetting_rule
    from streams.domain.display_names import counted
    from streams.platform.lake_files import existing_lake_of
    from streams.worker.app import wall_clock

    rule = forgetting_rule(until, Named(kind, file, purpose))
    if most is None and not dry_run:
        refuse("--most: say how many rows it may be at most; --dry-run counts them", WRONG_USE)
    with _failing_plainly():
        files = existing_lake_of(load_settings())
        due = count_of_provenance(files, rule)
        rows = f"{counted(due.rows, 'row', 'rows')} in {counted(due.files, 'file', 'files')}"
        if dry_run:
            say(f"{rows} would lose their person")
            return
        if most is not None and due.rows > most:
            refuse(
                f"nothing was changed: {rows} would lose their person, more than --most {most}. Is the time right, and "
                "the file? --dry-run counts without changing anything"
            )
        if due.rows and not yes:
            typer.confirm(f"This cannot be undone. Take the person out of {rows}?", abort=True, err=True)
        now = wall_clock()
        abandon_snapshots(files, date_of(now // _DAY_MS - 1), now)
        abandon_imports(files, now - _DAY_MS)
        done = forget_provenance(files, rule)
    say(f"{counted(done.rows, 'row', 'rows')} in {counted(done.files, 'file', 'files')} lost their person")


@app.command("views")
def views(
    exact: Annotated[
        bool, typer.Option("--exact", help="Of the files of this moment, each row once; without, of the folders.")
    ] = False,
) -> None:
    """Print the views for DuckDB, as SQL with the lake's place filled in."""
    from sinks.lake.live_files import find_live_files
    from sinks.lake.views import views_sql
    from streams.platform.lake_files import existing_lake_of

    with _failing_plainly():
        files = existing_lake_of(load_settings())
        typer.echo(views_sql(files, find_live_files(files) if exact else None))


@app.command("fold")
def fold(
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="A new folder for states and profiles.")],
    processes: Annotated[int, typer.Option("--processes", min=1, help="As many as there are cores to spare.")] = 2,
) -> None:
    """Fold all of history again: the state and the profile of each contact by itself, as Parquet."""
    from streams.history.refold.fold_files import fold_lake
    from streams.platform.lake_files import lake_place_of, require_files

    with _failing_plainly():
        place = lake_place_of(load_settings())
        require_files(place)
        try:
            with signals_end_the_block():  # rows of people are in its folder of work
                done = fold_lake(place, out, processes, say)
        except ValueError as error:
            refuse(f"HARMONIA_LAKE: {error}")
    counts = ", ".join(f"{count} {name}" for name, count in sorted((done.outcomes + done.refused).items()))
    say(f"{done.contacts} contacts, {done.profiles} profiles; {counts}")


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
    Exit code 1 says that something was refused, as of `import`; the rest is in the lake.
    """
    from sinks.lake.manifests import LakeDamaged, is_lake
    from streams.cli.person import require_workers_key
    from streams.history.importing.file_items import Unreadable
    from streams.history.lake.buffers import FlushLimits
    from streams.history.lake.input_files import selected_files
    from streams.history.lake.old_files import OldFiles, import_old_files, preview_import
    from streams.platform.lake_files import lake_files_of
    from streams.worker.app import wall_clock

    settings, selection = load_settings(), parse_selection_options(since, until, types)
    require_workers_key(settings)
    limits = FlushLimits(settings.lake_flush_rows, settings.lake_flush_bytes, settings.lake_flush_s)
    with failing_plainly(), open_report(refused) as report:
        files = lake_files_of(settings)
        try:
            if not is_lake(files):
                say(f"no lake was at {files.address('')}: a new one begins there", err=True)
            old = OldFiles(_parts(paths), selection, settings.hasher, wall_clock(), settings.wall)
            with history_bar(paths[0], [part.rows for part in selected_files(old.parts, selection)]) as screen:
                if dry_run:
                    preview_import(files, old, report, screen)
                else:
                    import_old_files(files, old, limits, report, screen)
        except (Unreadable, LakeDamaged) as error:
            refuse(str(error))
        except OSError as error:
            refuse(f"{error.filename or 'HARMONIA_LAKE'}: {error.strerror or type(error).__name__}")
    print_report(report, as_json=as_json)
    if report.counts.refused and not dry_run:
        raise typer.Exit(REFUSED)


def _parts(paths: list[str]) -> list[InputFile]:
    """The parts of all paths, in order. Raises as `parts_of`, naming the path."""
    from streams.history.importing.file_items import Unreadable
    from streams.history.lake.input_files import input_files_at

    found = []
    for path in paths:
        try:
            found += input_files_at(path)
        except Unreadable as error:
            raise Unreadable(f"{path}: {error}") from error
    return found
