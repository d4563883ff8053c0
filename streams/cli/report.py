"""`harmonia report`: pages for people."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failures import WRONG_USE, load_settings, refuse
from streams.cli.insights import read_history
from streams.cli.output import say
from streams.cli.time_options import now_ms

if TYPE_CHECKING:
    from streams.history.daily_report.figures import DailyReport
    from streams.history.insights.answering import LoadedHistory
    from streams.platform.settings import Settings

app = typer.Typer(help="Pages for people.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Pages for people."""


@app.command("daily")
def daily(
    day: Annotated[
        str | None, typer.Option("--date", help="Such as 2012-02-22, in HARMONIA_TIME_ZONE; without it yesterday.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for daily-DATE.html and .txt; without it text here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: the figures, nothing left out.")] = False,
) -> None:
    """Show a day beside the same day of the week before: money, messages, doors, shifts, and who was held back."""
    import msgspec

    settings = load_settings()
    found = _report(settings, _day(day, settings.time_zone))
    if as_json:
        typer.echo(msgspec.json.encode(found))
    if out is not None:
        _write(found, out)
    elif not as_json:
        from streams.history.daily_report.page import page_of, text_of

        typer.echo(text_of(page_of(found)), nl=False)


def _report(settings: Settings, day: date) -> DailyReport:
    from kafka.errors import TopicAuthorizationFailedError
    from msgspec.structs import replace

    from streams.history.daily_report.day_queries import day_and_week_before, report_of
    from streams.history.daily_report.held_back import held_back_on
    from streams.history.daily_report.refused_sources import mostly_refused_of, open_refusals_on, quarantines_now

    def ask(read: LoadedHistory) -> DailyReport:
        spans = day_and_week_before(day, settings.time_zone)
        held = held_back_on(settings, spans)
        found = report_of(read.history, day, settings.time_zone, read.as_of, held)
        try:
            refused = open_refusals_on(settings, spans[0])
            quarantines = quarantines_now(settings, now_ms())
        except TopicAuthorizationFailedError:  # a right that earlier versions did not need
            return replace(found, refused=None, quarantines=None)
        mostly = mostly_refused_of(read.history, spans[0], refused)
        return replace(found, refused=mostly, quarantines=quarantines)

    return read_history(settings, ask)


def _write(found: DailyReport, folder: Path) -> None:
    from streams.history.daily_report.page import html_of, page_of, text_of

    page = page_of(found)
    files = (("html", html_of(page)), ("txt", text_of(page)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, text in files:
            path = folder / f"daily-{found.day.date}.{ending}"
            path.write_text(text, "utf-8")
            say(path, err=True)
    except OSError as error:
        refuse(f"--out: {folder}: {error.strerror}")


def _day(text: str | None, zone: str) -> date:
    from streams.history.insights.spans import day_of

    today = day_of(now_ms(), zone)
    if text is None:
        return today - timedelta(days=1)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not date(1970, 1, 8) <= found <= date(2200, 1, 1):
        refuse("--date: give a date such as 2012-02-22", WRONG_USE)
    if found > today:
        refuse(f"--date: this day has not begun in HARMONIA_TIME_ZONE ({zone}): give a date up to {today}", WRONG_USE)
    return found
