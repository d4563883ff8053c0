"""`harmonia lake`: history as files that others read."""

from typing import Annotated

import typer

from streams.cli.failures import failing_plainly, load_settings

app = typer.Typer(help="History as Parquet files: fill it, keep it in order, ask it.", no_args_is_help=True)


@app.command("run")
def run(
    skip_lost: Annotated[
        bool, typer.Option("--skip-lost", help="Go on where the topic has deleted what the lake does not have.")
    ] = False,
) -> None:
    """Write `interactions` into the lake until SIGINT or SIGTERM. Says where its metrics are."""
    from streams.lake.serving import run_lake  # noqa: PLC0415 (no other command waits for Arrow)

    settings = load_settings()
    with failing_plainly():
        run_lake(settings, lambda text: typer.echo(f"lake: {text}"), skip_lost=skip_lost)
