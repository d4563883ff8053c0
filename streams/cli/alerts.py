"""`harmonia alerts list`: what somebody should look at, about people and about campaigns, sources, experiments."""

from typing import Annotated

import typer

app = typer.Typer(help="What somebody should look at.", no_args_is_help=True)

_LATEST = 50


@app.callback()
def alerts() -> None:
    """Keep `list` a subcommand while it is the only one."""


@app.command("list")
def list_command(
    *,
    since: Annotated[str, typer.Option(help="RFC 3339, or 30m, 2h, 7d ago.")] = "24h",
    rule: Annotated[str | None, typer.Option(help="Only those of this rule; docs/alerts.md has all.")] = None,
    about: Annotated[str | None, typer.Option(help="Only those about this contact_id, campaign, team or id.")] = None,
    latest: Annotated[int, typer.Option(min=1, max=100_000, help="So many at most, the latest.")] = _LATEST,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: each as it is in its topic, a line.")] = False,
) -> None:
    """List the alerts of contact-alerts and system-alerts, the latest last. Exit code 0 also where there are none."""
    from streams.cli.alerts_told import Wanted, tell_alerts

    tell_alerts(Wanted(since, rule, about, latest), as_json=as_json)
