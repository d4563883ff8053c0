"""The group of commands `harmonia experiments`, which several modules add theirs to."""

import typer

app = typer.Typer(help="Experiments: what is planned, and what came of it.", no_args_is_help=True)
