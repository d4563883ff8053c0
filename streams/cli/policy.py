"""`harmonia policy`: which policy holds, whether a file would, and the one to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from events.regimes import RegimeName
from events.times import render_time
from streams.cli.failures import REFUSED, failing_plainly, load_regime, load_settings, refuse
from streams.cli.output import say

app = typer.Typer(help="How often people may be reached, and when.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A policy, TOML.")], as_json: AsJson = False
) -> None:
    """Say by which version decisions would be made, or every mistake with its key and cure: then exit code 1.

    On standard error what may not be meant, such as a purpose that is spelled like one of Harmonia's.
    """
    from streams.domain.pressure import FileMistakes, read_policy
    from streams.domain.pressure.policy_remarks import policy_remarks

    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        refuse(f"{file}: not UTF-8, as TOML has to be")
    policy = read_policy(text)
    if not isinstance(policy, FileMistakes):
        remarks = policy_remarks(policy)
        if as_json:
            typer.echo(orjson.dumps({"version": policy.version} | ({"remarks": remarks} if remarks else {})))
        else:
            say(f"{file}: version {policy.version}")
        for remark in () if as_json else remarks:
            say(f"{file}: {remark}", err=True)
        return
    if as_json:
        typer.echo(orjson.dumps({"mistakes": [mistake.as_json() for mistake in policy.found]}))
        raise typer.Exit(REFUSED)
    refuse("\n".join(f"{file}: {mistake}" for mistake in policy.found))


@app.command()
def show(
    default: Annotated[
        bool,
        typer.Option(
            "--default", help="The one that comes with Harmonia for HARMONIA_REGIME, with comments, to copy and change."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the policy that HARMONIA_POLICY names, with all that holds where it says nothing, as a file of its own.

    Running processes take a change up within a second; since when one holds which version its metrics say.
    """
    from streams.domain.pressure import default_policy_text
    from streams.domain.pressure.policy_files import policy_text
    from streams.platform.policy_file import policy_of

    regime = load_regime() if default else (settings := load_settings()).regime
    if default and not as_json:
        typer.echo(default_policy_text(regime), nl=False)
        return
    file = None if default else settings.policy
    with failing_plainly():
        policy = policy_of(file, regime)
    if as_json:
        said = {"version": policy.version, "file": None if file is None else str(file), "regime": regime}
        typer.echo(orjson.dumps({**said, **policy.model_dump(mode="json")}))
        return
    say(f"# policy {policy.version}, {_origin(file, regime)}")
    say("# since when a process holds it: harmonia_policy_since_seconds in its metrics")
    typer.echo(policy_text(policy), nl=False)


def _origin(file: Path | None, regime: RegimeName) -> str:
    if file is None:
        return f"which comes with Harmonia (regime {regime}): HARMONIA_POLICY names none"
    return f"of {file}, which was changed at {render_time(file.stat().st_mtime_ns // 1_000_000)}"
