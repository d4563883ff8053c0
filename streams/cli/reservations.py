"""`harmonia reservations list, release`: which team is about to reach whom, and giving somebody back."""

from typing import Annotated

import typer

from streams.cli.naming import HELP, METAVAR

app = typer.Typer(help="Who is about to reach whom.", no_args_is_help=True)

Team = Annotated[str | None, typer.Option(help="Only those of this team.")]


@app.command("list")
def list_command(
    one: Annotated[str | None, typer.Argument(metavar=f"[{METAVAR}]", help=f"{HELP} Without one everybody.")] = None,
    *,
    team: Team = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, one a line.")] = False,
) -> None:
    """List reservations that have not expired. Of everybody it reads all keys of Redis, which takes its time."""
    from streams.cli.reservations_told import tell_reservations

    tell_reservations(one, team, as_json=as_json)


@app.command()
def release(
    one: Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)],
    *,
    team: Team = None,
) -> None:
    """Give a person back, so that other teams may ask again. Exit code 1 where nobody had reserved them.

    Whoever had the reservation was told "allow", and may reach the person all the same.
    """
    from streams.cli.reservations_told import release_of

    release_of(one, team)
