"""`harmonia doctor`: is everything as it must be, and what to do where it is not."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.failures import failing_plainly, load_settings

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Look at settings, this machine, brokers, topics, permissions, Redis and clocks; change nothing.

    Exit code 1 when something fails.
    """
    from streams.operations.doctor import examine

    settings = load_settings()
    with failing_plainly():
        findings = examine(settings)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        table = Table("", "what", "found", "what to do", box=None)
        for finding in findings:
            verdict = f"[{_STYLES[finding.verdict]}]{finding.verdict}[/]"
            table.add_row(verdict, finding.what, finding.found, finding.to_do)
        Console().print(table)
    raise typer.Exit(1 if any(finding.verdict == "fail" for finding in findings) else 0)
