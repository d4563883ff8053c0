"""`harmonia local`: a Kafka and a Redis on this machine.

The answer goes to standard output as `NAME=value` lines, for `export $(harmonia local up)`; all else to standard error.
`local up > .env` would empty a file that is there before it is read: `--write-env` keeps what is in it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.failures import failing_plainly, load_settings, refuse, require_showable
from streams.cli.output import say

app = typer.Typer(help="A Kafka and a Redis on this machine, without Docker.", no_args_is_help=True)
_errors = Console(stderr=True, highlight=False)


@app.command()
def up(
    write_env: Annotated[
        bool, typer.Option("--write-env", help="Write both into the file .env too; all else in it stays.")
    ] = False,
) -> None:
    """Start both in the background and print KAFKA_BOOTSTRAP and REDIS_URL; what runs already stays as it is."""
    with _the_extra(), _errors.status("Looking for what runs") as status:
        from streams.local.stack import ExistingServers, start

        settings = load_settings()
        require_showable(settings)
        stack = start(
            settings.home, ExistingServers.of(settings), status.update if _errors.is_terminal else _errors.print
        )
    for name, value in stack.environment.items():
        say(f"{name}={value}")
    if write_env:
        _write_env(stack.environment)


@app.command()
def down(wipe: Annotated[bool, typer.Option("--wipe", help="Delete their data too.")] = False) -> None:
    """Stop both; their data stays for the next `up`."""
    with _the_extra():
        from streams.local.stack import stop

        home = load_settings().home
        stopped = stop(home, wipe=wipe)
    _errors.print(f"{len(stopped)} stopped" if stopped else _nothing(home), soft_wrap=True)


def _write_env(values: Mapping[str, str]) -> None:
    """Write values into `.env`, and print their names only: a value may be a key."""
    from streams.local.env_file import write_env
    from streams.platform.servers import ENV_FILE

    file = Path(ENV_FILE)
    try:
        kept = write_env(file, values)
    except OSError as error:
        refuse(f"--write-env: {file.absolute()}: {error.strerror}")
    except UnicodeDecodeError:
        refuse(f"--write-env: {file.absolute()} is no UTF-8 text: it stays as it is")
    told = f"written into {file.absolute()}: {', '.join(values)}"
    _errors.print(f"{told}; kept as it was: {', '.join(kept)}" if kept else told, soft_wrap=True)


def _nothing(home: Path) -> str:
    """Why there was nothing to stop: most often this is another folder than that of `local up`."""
    from streams.platform.tried_address import env_file_missing

    if home.is_dir():
        return f"Nothing ran in {home.resolve()}"
    missing = env_file_missing()
    told = f"Nothing ran: there is no {home.absolute()}{f', and {missing}' if missing else ''}"
    return f"{told}. Call this in the folder where `harmonia local up` was called, or set HARMONIA_HOME"


@contextmanager
def _the_extra() -> Iterator[None]:
    try:
        with failing_plainly():
            yield
    except ModuleNotFoundError as missing:
        refuse(f"the local stack needs {missing.name}: install harmonia[local]")
