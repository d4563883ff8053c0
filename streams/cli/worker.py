"""`harmonia worker`: the agents, in this process or in several."""

import asyncio
import os
from typing import Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings
from streams.topics import require_topics


def worker(
    processes: Annotated[int, typer.Option(min=1, max=64, help="Worker processes; one for each core is plenty.")] = 1,
) -> None:
    """Run the agents until SIGINT or SIGTERM. Each process says where its metrics are."""
    from streams.worker import run_worker  # noqa: PLC0415 (no other command waits for Faust)

    settings = load_settings()
    with failing_plainly():
        if processes == 1:
            run_worker(settings, lambda text: typer.echo(f"worker {os.getpid()}: {text}"))
        from streams.processes import run_workers  # noqa: PLC0415 (nor for RocksDB)

        require_topics(settings)  # else each child would refuse, again and again
        asyncio.run(run_workers(settings, processes, os.environ, lambda text: typer.echo(text, err=True)))
