"""`harmonia campaigns list`: the campaigns that mail was sent of, how it is taken, and which are on hold."""

from typing import Annotated

import typer

app = typer.Typer(help="What is sent under a campaign_id.", no_args_is_help=True)


@app.callback()
def campaigns() -> None:
    """Keep `list` a subcommand while it is the only one."""


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List campaigns: e-mails of the last 30 days, complaints, unsubscriptions; and all that is on hold."""
    from streams.cli.campaigns_told import tell_campaigns

    tell_campaigns(as_json=as_json)
