"""`harmonia api`: whoever is about to reach somebody asks here."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings
from streams.cli.saying import say


def api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = 0,
) -> None:
    """Serve the HTTP API until SIGINT or SIGTERM. Says where it listens, and where its metrics are."""
    import asyncio

    from streams.services.api.server import serve

    settings = load_settings()
    with failing_plainly():
        asyncio.run(serve(settings, host, port, lambda text: say(f"api: {text}")))
