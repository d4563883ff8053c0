"""`harmonia sink`: copies output topics into a store of another team."""

from __future__ import annotations

import typer

from streams.cli.failures import failing_plainly, load_settings
from streams.cli.output import say

app = typer.Typer(help="Copy profiles, segments and results into a database.", no_args_is_help=True)


@app.callback()
def sink() -> None:
    """Copy profiles, segments and results into a database."""


@app.command("postgres")
def postgres() -> None:
    """Fill PostgreSQL, HARMONIA_POSTGRES, until SIGINT or SIGTERM. Says where its metrics are."""
    from streams.services.postgres.server import run_postgres_sink

    settings = load_settings()
    with failing_plainly():
        run_postgres_sink(settings, lambda text: say(f"postgres: {text}"))
