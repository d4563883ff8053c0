"""Lines for people at a terminal, and nothing that it would obey: names in them are what somebody sent."""

import typer

from streams.domain.display_names import printable


def say(text: object, *, err: bool = False) -> None:
    """One line or several; `err`: on standard error."""
    typer.echo("\n".join(map(printable, str(text).split("\n"))), err=err)
