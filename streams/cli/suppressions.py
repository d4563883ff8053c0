"""`harmonia suppressions`: who is closed to everyone, as a file for senders that cannot ask an API."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from events.channels import Channel
from events.topics import CONTACT_LINKS, CONTACT_SUPPRESSIONS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.cli.time_options import now_ms, parse_time_option
from streams.services.suppressions import Format

if TYPE_CHECKING:
    from streams.platform.settings import Settings
    from streams.services.audience import Audience, UnusableAudience
    from streams.services.suppressions.closings import ClosingStore
    from streams.services.suppressions.export import ClosingFilter, ExportCounts, FileLayout, Row

app = typer.Typer(help="Who is closed to everyone.", no_args_is_help=True)


@app.callback()
def suppressions() -> None:
    """Keep `export` a subcommand while it is the only one."""


@app.command()
def export(  # noqa: PLR0913 (options of a command)
    *,
    channel: Annotated[Channel, typer.Option(help="The channel that is closed.")],
    since: Annotated[str | None, typer.Option(help="Only who was closed then or later; RFC 3339.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="Whose upload the file is.")] = "csv",
    match: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Your own list; who of it is closed is written.")
    ] = None,
    reopened: Annotated[
        bool, typer.Option("--reopened", help="With an earlier export as --match: who of it is open again.")
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Also while workers are down or behind: somebody who is closed may be missing."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: the counts, on standard error.")] = False,
) -> None:
    """Write who is closed to everyone on a channel to standard output, as CSV. docs/suppressions.md says how to use it.

    Exit code 1 when somebody who is closed may be missing, or is named so that the vendor cannot know them.
    """
    from streams.services.audience import open_audience
    from streams.services.suppressions.export import ClosingFilter, export_warnings, layout_of

    settings, start = load_settings(), None if since is None else parse_time_option("--since", since)
    wanted = ClosingFilter(now_ms(), start, reopened)
    if reopened and (match is None or since is not None):
        refuse("--reopened: give an earlier export as --match, and no --since", WRONG_USE)
    _require_all_is_taken(settings, anyway=anyway)
    if match is None:
        tally = _write_all(settings, channel, _usable(layout_of(format_, channel)), wanted)
    else:
        with match.open("rb") as file:
            audience = _audience(open_audience(file))
            layout = _usable(layout_of(format_, channel, audience))
            tally = _write_matching(settings, channel, audience, layout, wanted)
    _print_counts(tally, as_json=as_json)
    if found := "\n".join(export_warnings(tally, for_vendor=match is None and format_ != "csv")):
        refuse(found)


def _require_all_is_taken(settings: Settings, *, anyway: bool) -> None:
    """End the command where commands and STOPs may not be in the topics yet: somebody who is closed would be missing.

    By the rule of `permit`: what Redis has of the same topics says up to when workers have taken everything.
    """
    from streams.cli.person import require_workers_key, what_redis_lacks

    require_workers_key(settings)
    if (lacking := what_redis_lacks(settings)) is None:
        return
    if not anyway:
        refuse(
            f"profiles_incomplete: {lacking}; is a worker running, and has it caught up? Somebody who is closed may be "
            "missing, so nothing was written: try again, or --anyway"
        )
    say(f"somebody who is closed may be missing: {lacking}; see `harmonia status`", err=True)


def _write_all(settings: Settings, channel: Channel, layout: FileLayout, wanted: ClosingFilter) -> ExportCounts:
    from streams.services.suppressions.closings import ClosingStore
    from streams.services.suppressions.export import ExportCounts, rows_of_all

    tally = ExportCounts()
    with closing(ClosingStore()) as store:
        _read(settings, channel, store, with_links=False)
        _write(layout, rows_of_all(store.every(), layout, wanted, tally))
    return tally


def _write_matching(
    settings: Settings, channel: Channel, audience: Audience, layout: FileLayout, wanted: ClosingFilter
) -> ExportCounts:
    from streams.services.suppressions.closings import ClosingStore
    from streams.services.suppressions.export import ListMatching

    with closing(ClosingStore()) as store:
        _read(settings, channel, store, with_links=True)
        matching = ListMatching(settings.hasher, lambda hashes: store.of(hashes, wanted.at), layout, wanted)
        _write(layout, matching.rows(audience))
    return matching.tally


def _read(settings: Settings, channel: Channel, store: ClosingStore, *, with_links: bool) -> None:
    """Closings first: of a contact that is merged meanwhile either its own closing or the link to the other is read."""
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of
    from streams.services.suppressions.closings import read_closings, read_links

    with failing_plainly(), closing(KafkaClients(settings).tool_consumer()) as consumer:
        read_closings(records_of(consumer, CONTACT_SUPPRESSIONS), channel, store)
        if with_links:
            read_links(records_of(consumer, CONTACT_LINKS), store)


def _write(layout: FileLayout, rows: Iterable[Row]) -> None:
    """Write the file to standard output; columns of the sender keep their bytes, also where they are no UTF-8."""
    from streams.services.audience.csv_writing import csv_row

    sys.stdout.buffer.write(csv_row(layout.first, layout.mark))
    sys.stdout.buffer.writelines(csv_row(row, layout.mark) for row in rows)
    sys.stdout.buffer.flush()


def _print_counts(tally: ExportCounts, *, as_json: bool) -> None:
    from streams.services.suppressions.export import export_notices

    if as_json:
        typer.echo(orjson.dumps({**asdict(tally), "malformed": len(tally.malformed)}), err=True)
    else:
        say("\n".join(export_notices(tally)), err=True)


def _audience(opened: Audience | UnusableAudience) -> Audience:
    from streams.services.audience import UnusableAudience

    if isinstance(opened, UnusableAudience):
        refuse(f"--match: {opened.reason}", WRONG_USE)
    return opened


def _usable(layout: FileLayout | UnusableAudience) -> FileLayout:
    from streams.services.audience import UnusableAudience

    if isinstance(layout, UnusableAudience):
        refuse(layout.reason, WRONG_USE)
    return layout
