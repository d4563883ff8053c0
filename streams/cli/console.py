"""`harmonia console`: the pages in a browser, for people who do not type commands."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings
from streams.cli.output import say

app = typer.Typer(help="Serve the console: pages in a browser.", invoke_without_command=True)


@app.callback()
def console(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = 0,
) -> None:
    """Serve the console until SIGINT or SIGTERM. Says where it listens, and where its metrics are."""
    if context.invoked_subcommand is not None:
        return
    import asyncio

    from streams.services.console.server import serve

    settings = load_settings()
    with failing_plainly():
        asyncio.run(serve(settings, host, port, lambda text: say(f"console: {text}")))


@app.command()
def follow() -> None:
    """Read topics into the desk, HARMONIA_DESK, until SIGINT or SIGTERM. Says where its metrics are."""
    from streams.services.console.follow import run_follow

    settings = load_settings()
    with failing_plainly():
        run_follow(settings, lambda text: say(f"desk: {text}"))


@app.command()
def token() -> None:
    """Make a token for somebody: prints it, and the line for the file of people."""
    import hashlib
    import secrets

    made = secrets.token_urlsafe(32)
    say(f"token, for them alone: {made}")
    say(f'token = "{hashlib.sha256(made.encode()).hexdigest()}"')
