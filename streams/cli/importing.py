"""`harmonia import`: publishes a tool's exported files as interactions; and the report of an import or a replay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console

from events.json_types import JSON
from streams.cli.failures import REFUSED, WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.cli.time_options import now_ms

if TYPE_CHECKING:
    from events.adapters.mapping import MappingFile
    from events.interactions.base import Provenance
    from streams.history.importing.file_items import ImportFormat
    from streams.history.importing.import_run import ImportReport
    from streams.platform.settings import Settings


_VENDORS = (
    "actblue", "actionnetwork", "fec", "generic", "mailgun", "mobilize", "movement", "p2p", "postmark", "sendgrid",
    "ses", "twilio", "van",
)  # fmt: skip
"""The same as `VENDORS`, which needs all adapters: `--help` does not wait for them. A test holds both equal."""
_PROVENANCE = "Where from contacts of gifts, forms and RSVPs are that do not say so: self, vendor, petition, …"
_errors = Console(stderr=True, highlight=False)


def import_command(  # noqa: PLR0913 (options of a command)
    vendor: Annotated[str, typer.Argument(metavar="VENDOR", help=f"One of {', '.join(_VENDORS)}.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, readable=True)],
    *,
    source: Annotated[str | None, typer.Option(help="Who says so, TEAM/TOOL; without it the vendor's name.")] = None,
    mapping: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="What the columns mean.")] = None,
    codes: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Codes of a VAN committee.")] = None,
    time_zone: Annotated[str, typer.Option(help="Of times that name none; IANA.")] = "UTC",
    provenance: Annotated[str | None, typer.Option(metavar="KIND", help=_PROVENANCE)] = None,
    refused: Annotated[Path | None, typer.Option(dir_okay=False, help="File for refusals, a line each.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing; say what would be sent.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was imported before, from its start.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; of --dry-run a line a result.")] = False,
) -> None:
    """Import exports: JSON, JSON lines, CSV or Parquet, plain, gzip or zstd.

    An import that was interrupted goes on where it was. What is refused goes to dead-letters and costs no neighbour;
    exit code 1 says that there was some, as of `produce`; of --dry-run, that nothing would be taken.
    """
    from events.adapters.feed import Feed
    from events.adapters.vendors import canonical_vendor
    from events.contact import is_time_zone
    from streams.history.importing.file_items import VENDORS, ImportFormat, Unreadable, default_source

    name = canonical_vendor(vendor)
    if name not in VENDORS:
        refuse(f"VENDOR: one of {', '.join(VENDORS)}", WRONG_USE)
    if not is_time_zone(time_zone):
        refuse("--time-zone: give an IANA time zone, such as America/New_York", WRONG_USE)
    settings = load_settings()
    feed = Feed(
        source or default_source(name),
        now_ms(),
        settings.phone_region,
        time_zone,
        _codes(codes),
        _provenance(provenance),
        settings.wall,
    )
    job = ImportFormat(name, feed, _mapping(mapping))
    with failing_plainly(), open_report(refused, has_mapping=job.mapping is not None) as report:
        for file in files:
            try:
                _show(file, job, report, as_json=as_json) if dry_run else _send(file, job, report, settings, again)
            except Unreadable as error:
                refuse(f"{file.name}: {error}")
            except OSError as error:
                refuse(f"{file.name}: {error.strerror or type(error).__name__}")
    if not (dry_run and as_json):
        print_report(report, as_json=as_json)
    if report.counts.refused and not (dry_run and report.counts.interactions):
        raise typer.Exit(REFUSED)


def _show(file: Path, job: ImportFormat, report: ImportReport, *, as_json: bool) -> None:
    from streams.cli.output import file_bar
    from streams.history.importing.import_run import preview_file

    with file_bar(file, _errors) as bar:
        preview_file(file, job, report, bar, (lambda result: typer.echo(orjson.dumps(result))) if as_json else None)


def _send(file: Path, job: ImportFormat, report: ImportReport, settings: Settings, again: bool) -> None:
    from streams.cli.output import file_bar
    from streams.history.importing.import_run import (
        ImportJournal,
        ImportProgress,
        ImportTarget,
        fingerprint_of,
        send_file,
    )
    from streams.history.importing.publisher import PublishOptions
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import require_topic

    kept = ImportJournal(settings.home, fingerprint_of(file, job))
    before = ImportProgress() if again else kept.read()
    if before.finished:
        say(f"{file.name}: was imported before; --again imports it once more", err=True)
        return
    if before.done:
        say(f"{file.name}: goes on after {before.done:,} that are done", err=True)
    with closing(KafkaClients(settings).tool_producer()) as producer, file_bar(file, _errors) as bar:
        way = PublishOptions(producer, partial(require_topic, settings), job.feed.received_at)
        send_file(file, job, report, bar, ImportTarget(way, kept, before.done))


def _mapping(path: Path | None) -> MappingFile | None:
    from events.adapters.mapping import InvalidMapping, parse_mapping

    if path is None:
        return None
    try:
        found = parse_mapping(path.read_text(encoding="utf-8"))
    except (InvalidMapping, UnicodeDecodeError) as error:
        refuse(f"--mapping: {path.name}: {error}", WRONG_USE)
    for remark in (*found.unknown_fields(), *found.assumed_currencies()):
        say(f"--mapping: {path.name}: {remark}", err=True)
    return found


def _provenance(kind: str | None) -> Provenance | None:
    from typing import get_args

    from pydantic import ValidationError

    from events.interactions.base import Provenance
    from events.provenance_kinds import ProvenanceKind

    try:
        return Provenance.model_validate({"kind": kind}) if kind is not None else None
    except ValidationError:
        refuse(f"--provenance: one of {', '.join(get_args(ProvenanceKind))}", WRONG_USE)


def _codes(path: Path | None) -> Any:
    import tomllib

    from events.adapters import van
    from events.adapters.feed import NO_CODES

    if path is None:
        return NO_CODES
    try:
        return van.read_codes(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, van.InvalidCodes, UnicodeDecodeError) as error:
        refuse(f"--codes: {path.name}: {error}", WRONG_USE)


@contextmanager
def open_report(path: Path | None, *, has_mapping: bool = False) -> Iterator[ImportReport]:
    """A report for the length of a block, with a file for what is refused, or without one.

    `has_mapping`: the user has given one.
    """
    from streams.history.importing.import_run import ImportReport

    if path is None:
        yield ImportReport(None, has_mapping)
        return
    try:
        file = path.open("wb")
    except OSError as error:
        refuse(f"--refused: {path}: {error.strerror}", WRONG_USE)
    with file:
        yield ImportReport(file, has_mapping)


def print_report(report: ImportReport, *, as_json: bool) -> None:
    """Print a report: refusals on standard error, counts on standard output."""
    counts = report.counts
    for line in report.shown:
        say(line, err=True)
    if (more := counts.refused.total() - len(report.shown)) > 0:
        say(f"and {more:,} more refused; --refused FILE keeps them all", err=True)
    unknown = report.unknown.most_common()
    for line in (*report.repeat_remarks(), *(f"{number:,} × {field}" for field, number in unknown)):
        say(line, err=True)
    if as_json:
        parts = {"interactions": counts.interactions, "refused": counts.refused, "left_out": counts.left_out}
        told: dict[str, JSON] = {name: {**dict(sorted(part.items()))} for name, part in parts.items()}
        if unknown:
            told["unknown_fields"] = [{**field._asdict(), "events": number} for field, number in unknown]
        typer.echo(orjson.dumps(told | ({"repeated_ids": report.repeated} if report.repeated else {})))
        return
    for name, counter in (("", counts.interactions), ("refused: ", counts.refused), ("left out: ", counts.left_out)):
        for what, number in sorted(counter.items()):
            say(f"{number:>12,}  {name}{what}")
