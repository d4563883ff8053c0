"""`harmonia policy`: whether a policy file holds, before anything is decided by it, and the one to start from."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from streams.cli.failures import REFUSED, refuse
from streams.pressure import Mistakes, default_policy, default_text, read_policy

app = typer.Typer(help="How often people may be reached, and when.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A policy, TOML.")], as_json: AsJson = False
) -> None:
    """Say by which version decisions would be made, or every mistake with its key and cure: then exit code 1."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        refuse(f"{file}: not UTF-8, as TOML has to be")
    policy = read_policy(text)
    if not isinstance(policy, Mistakes):
        typer.echo(orjson.dumps({"version": policy.version}) if as_json else f"{file}: version {policy.version}")
        return
    if as_json:
        typer.echo(orjson.dumps({"mistakes": [mistake._asdict() for mistake in policy.found]}))
        raise typer.Exit(REFUSED)
    refuse("\n".join(f"{file}: {mistake}" for mistake in policy.found))


@app.command()
def show(as_json: AsJson = False) -> None:
    """Print the policy that comes with Harmonia, with its comments: copy it and make it yours."""
    if as_json:
        policy = default_policy()
        typer.echo(orjson.dumps({"version": policy.version, **policy.model_dump(mode="json")}))
    else:
        typer.echo(default_text(), nl=False)
