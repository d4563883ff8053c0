"""`harmonia status`: one screen for whoever is on call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console

from streams.cli.failures import load_settings
from streams.cli.output import say
from streams.cli.time_options import now_ms

if TYPE_CHECKING:
    from streams.platform.settings import Settings


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say whether everything flows, what is wrong and what to do. Exit code 1 when something is worth a page."""
    from streams.operations.status.alert_rules import findings
    from streams.operations.status.screen import document, screen
    from streams.services.processes.observing import observe_all

    settings = load_settings()
    if problem := teams_file_problem(settings):
        say(problem, err=True)
    seen = observe_all(settings, now_ms())
    found = findings(seen)
    if as_json:
        typer.echo(orjson.dumps(document(seen, found), option=orjson.OPT_NON_STR_KEYS))
    else:
        Console(highlight=False).print(screen(seen, found))
    raise typer.Exit(1 if any(each.severity == "page" for each in found) else 0)


def teams_file_problem(settings: Settings) -> str | None:
    """Why no team's silence is told although a file of teams is set; None: some team's is, or no file is set."""
    if settings.teams is None:
        return None
    from streams.platform.errors import Unusable
    from streams.worker.measuring.teams import read_schedule

    try:
        named = read_schedule(settings.teams).hours
    except Unusable as error:
        return str(error)
    return None if named else "HARMONIA_TEAMS: the file names no team, so no team's silence is told"
