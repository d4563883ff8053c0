"""`harmonia worker`: the agents, in this process or in several."""

import asyncio
import os
from typing import Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings
from streams.local.signals import signals_end_the_block
from streams.settings import Settings


def worker(
    processes: Annotated[int, typer.Option(min=1, max=64, help="Worker processes; one for each core is plenty.")] = 1,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start one that fails again; of several it always is.")
    ] = False,
) -> None:
    """Run the agents until SIGINT or SIGTERM. Each process says where its metrics are."""
    from streams.worker import run_worker  # noqa: PLC0415 (no other command waits for Faust)

    settings = load_settings()
    with failing_plainly():
        if processes == 1 and not restart:
            run_worker(settings, lambda text: typer.echo(f"worker {os.getpid()}: {text}"))
        raise typer.Exit(_run_several(settings, processes))


def _run_several(settings: Settings, processes: int) -> int:
    """What each child would refuse again and again is refused at once."""
    from streams.processes import run_workers  # noqa: PLC0415 (no other command waits for RocksDB)
    from streams.starting import require_usable, wait_until_ready  # noqa: PLC0415
    from streams.state_dir import own_for_workers  # noqa: PLC0415

    def say(text: str) -> None:
        typer.echo(text, err=True)

    require_usable(settings, processes)
    with own_for_workers(settings.state_dir):
        with signals_end_the_block():
            wait_until_ready(settings, say)
        return asyncio.run(run_workers(settings, processes, os.environ, say))
