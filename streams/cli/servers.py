"""`harmonia worker`, `api`, `gateway`: the long-running processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings
from streams.cli.output import say
from streams.platform.shutdown import signals_end_the_block

if TYPE_CHECKING:
    from streams.platform.settings import Settings


def worker(
    processes: Annotated[int, typer.Option(min=1, max=64, help="Worker processes; one for each core is plenty.")] = 1,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start one that fails again; of several it always is.")
    ] = False,
    child: Annotated[
        bool,
        typer.Option("--child", hidden=True, help="One of several: the parent has said what it makes of settings."),
    ] = False,
) -> None:
    """Run the agents until SIGINT or SIGTERM. Each process says where its metrics are."""
    from streams.engine.garbage_collector import collect_rarely

    collect_rarely()  # what is loaded next stays: looking for garbage in it takes a fifth of a start
    from streams.worker.runner import run_worker

    settings = load_settings(name_unknown=not child)
    with failing_plainly():
        if processes == 1 and not restart:
            run_worker(settings, lambda text: say(f"worker {os.getpid()}: {text}"))
        raise typer.Exit(_run_several(settings, processes))


def _run_several(settings: Settings, processes: int) -> int:
    """Run worker processes; refuses at once what each of them would refuse again and again. Returns the exit code."""
    import asyncio
    from functools import partial

    from streams.worker.preflight import require_usable, wait_until_ready
    from streams.worker.processes import run_workers
    from streams.worker.state_dir import own_for_workers

    complain = partial(say, err=True)
    require_usable(settings, processes)
    with own_for_workers(settings.state_dir):
        with signals_end_the_block():
            wait_until_ready(settings, complain)
        return asyncio.run(run_workers(settings, processes, os.environ, complain))


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


def gateway(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = 0,
) -> None:
    """Take webhooks and CloudEvents until SIGINT or SIGTERM. Says where it listens, and where its metrics are."""
    import asyncio

    from streams.services.gateway.server import serve

    settings = load_settings()
    with failing_plainly():
        asyncio.run(serve(settings, host, port, lambda text: say(f"gateway: {text}")))
