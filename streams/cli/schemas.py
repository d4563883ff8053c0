"""`harmonia schemas`: JSON Schema for whoever publishes or reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.failures import refuse
from streams.cli.output import say

app = typer.Typer(help="JSON Schema of everything public.", no_args_is_help=True)


@app.callback()
def schemas() -> None:
    """Keep `export` a subcommand while it is the only one."""


@app.command("export")
def export_command(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="Where to write; made if it is not there.")],
) -> None:
    """Write one file for each interaction type and output topic, and an AsyncAPI document of all topics."""
    from events.schemas import export

    try:
        written = export(directory)
    except OSError as error:
        refuse(f"{directory}: {error.strerror}")
    say(f"wrote {len(written)} files to {directory}")
