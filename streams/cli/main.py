"""The command `harmonia`: a thin shell; each group of commands is a module beside this one."""

import logging
from typing import Annotated

import typer

from streams.cli import (
    alerts,
    audience,
    campaigns,
    console,
    contact,
    dead_letters,
    deliveries,
    experiments,
    lake,
    local,
    permit,
    policy,
    rebuild,
    register,
    report,
    reservations,
    retention,
    rights,
    schemas,
    segments,
    sink,
    suppressions,
    topics,
    vendors,
)
from streams.cli.assign import assign
from streams.cli.backtest import backtest
from streams.cli.backup import backup, restore
from streams.cli.deliver import deliver
from streams.cli.demo import demo
from streams.cli.doctor import doctor
from streams.cli.help import RootCommands
from streams.cli.hold import hold
from streams.cli.importing import import_command
from streams.cli.insights import insights
from streams.cli.output import say
from streams.cli.produce import produce
from streams.cli.replay import replay
from streams.cli.servers import api, gateway, worker
from streams.cli.status import status

app = typer.Typer(
    cls=RootCommands,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="One living profile of each contact, from what every team does.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        say(f"harmonia {version('harmonia')}")
        raise typer.Exit


@app.callback()
def harmonia(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """One living profile of each contact, from what every team does."""
    logging.getLogger("kafka").setLevel(logging.ERROR)  # it warns of itself whenever the machine is busy


app.command()(demo)
app.add_typer(local.app, name="local")
app.add_typer(topics.app, name="topics")
app.command()(doctor)
app.command()(worker)
app.command()(api)
app.command()(gateway)
app.add_typer(console.app, name="console")
app.add_typer(lake.app, name="lake")
app.add_typer(sink.app, name="sink")
app.command()(deliver)
app.add_typer(deliveries.app, name="deliveries")
app.command()(produce)
app.command()(backup)
app.command()(restore)
app.add_typer(rebuild.app, name="rebuild")
app.command()(status)
app.command("import")(import_command)
app.command()(replay)
app.command()(backtest)
app.add_typer(contact.app, name="contact")
app.add_typer(retention.app, name="retention")
app.add_typer(rights.app, name="rights")
app.add_typer(register.app, name="register")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(permit.app, name="permit")
app.add_typer(reservations.app, name="reservations")
app.add_typer(alerts.app, name="alerts")
app.add_typer(campaigns.app, name="campaigns")
app.command()(hold)
app.command()(assign)
app.add_typer(policy.app, name="policy")
app.add_typer(experiments.app, name="experiments")
app.add_typer(segments.app, name="segments")
app.command()(insights)
app.add_typer(report.app, name="report")
app.add_typer(suppressions.app, name="suppressions")
app.add_typer(audience.app, name="audience")
app.add_typer(vendors.app, name="vendors")
app.add_typer(schemas.app, name="schemas")

if __name__ == "__main__":
    app()
