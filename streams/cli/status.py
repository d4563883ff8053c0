"""`harmonia status`: one screen for whoever is on call."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer
from rich.console import Console

from streams.cli.failures import load_settings
from streams.cli.time_options import now_ms


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say whether everything flows, what is wrong and what to do. Exit code 1 when something is worth a page."""
    from streams.operations.status.alert_rules import findings
    from streams.operations.status.screen import document, screen
    from streams.operations.status.snapshot import observe

    seen = observe(load_settings(), now_ms())
    found = findings(seen)
    if as_json:
        typer.echo(orjson.dumps(document(seen, found), option=orjson.OPT_NON_STR_KEYS))
    else:
        Console(highlight=False).print(screen(seen, found))
    raise typer.Exit(1 if any(each.severity == "page" for each in found) else 0)
