"""The commands `harmonia experiments list, show`: what experiments say so far, from Redis. Defines their group."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, get_args

import orjson
import typer

from events.experiment_results import ExperimentResult, ExperimentSummary, Status
from streams.cli.failures import WRONG_USE, load_settings, refuse
from streams.cli.output import print_lines, print_table, say
from streams.domain.display_names import printable

if TYPE_CHECKING:
    from sinks.lookup import Complete, Incomplete
    from sinks.results import ResultsReader
    from streams.domain.experiments.report.pages import Page
    from streams.platform.settings import Settings


app = typer.Typer(help="Experiments: what is planned, and what came of it.", no_args_is_help=True)


__all__ = ["app"]

Seen = TypeVar("Seen")

AsJson = Annotated[bool, typer.Option("--json", help="For programs, as GET /v1/experiments answers.")]


_STATUSES = f"[{'|'.join(get_args(Status))}]"


def _known(status: str | None) -> str | None:
    """The status of an option, checked here: for a literal Typer shows pydantic's words before its own."""
    if status is not None and status not in get_args(Status):
        raise typer.BadParameter(f"{status!r} is not one of {', '.join(map(repr, get_args(Status)))}.")
    return status


@app.command("list")
def list_command(
    *,
    status: Annotated[
        str | None, typer.Option(callback=_known, metavar=_STATUSES, help="Only those of this status.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List all experiments that have a result, and how their variants do by the primary metric."""
    from streams.domain.experiments.report.pages import summary_line

    seen = _read(load_settings(), lambda results: results.all())
    found: list[ExperimentSummary] = [orjson.loads(line) for line in seen.lines.values()]
    found = [each for each in found if status in (None, each["status"])]
    _say_what_is_missing(seen.standing)
    if as_json:
        typer.echo(orjson.dumps({"experiments": found}))
        return
    if not found:
        print_lines(["no experiment has a result yet" if status is None else f"no experiment is {status}"])
    lines = [summary_line(each) for each in found]
    widths = [max(map(len, column)) for column in zip(*(head for head, _ in lines), strict=True)]
    for head, told in lines:
        print_lines(["  ".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True)), f"    {told}"])


@app.command()
def show(
    experiment: Annotated[str, typer.Argument(metavar="ID", help="The experiment's id.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The result as it is in experiment-results.")] = False,
    plot: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE.svg", help="Draw the interval over time into it.")
    ] = None,
) -> None:
    """Show what an experiment says so far, warnings first. Exit code 1 when it has no result."""
    from sinks.lookup import Incomplete
    from streams.domain.experiments.report.pages import page

    if plot is not None and plot.suffix.lower() != ".svg":
        refuse(f"--plot: {printable(str(plot))}: give a name that ends in .svg, which is what is drawn", WRONG_USE)
    seen = _read(load_settings(), lambda results: results.one(experiment))
    if seen.value is None:
        incomplete = f", and {_missing(seen.standing)}" if isinstance(seen.standing, Incomplete) else ""
        refuse(
            f"{printable(experiment)}: no result of this experiment{incomplete}: "
            "`harmonia experiments list` names those that have one"
        )
    _say_what_is_missing(seen.standing)
    result: ExperimentResult = orjson.loads(seen.value)
    if as_json:
        typer.echo(seen.value)
    else:
        print_page(page(result))
    if plot is not None:
        _draw(result, plot)


def _read(settings: Settings, ask: Callable[[ResultsReader], Awaitable[Seen]]) -> Seen:
    import asyncio

    from sinks.base import SinkUnavailable
    from sinks.results import ResultsReader
    from streams.platform.clients import redis_client
    from streams.platform.tried_address import is_redis_up

    async def read() -> Seen:
        client = redis_client(settings)
        try:
            return await ask(ResultsReader(client, settings.profiles_oldest_s))
        finally:
            await client.aclose()

    try:
        return asyncio.run(read())
    except SinkUnavailable as trouble:
        refuse(f"{trouble}; {is_redis_up(settings)}")


def _say_what_is_missing(standing: Complete | Incomplete) -> None:
    """Say on standard error what Redis lacks; what is there is shown all the same, with its time."""
    from sinks.lookup import Incomplete

    if isinstance(standing, Incomplete):
        say(f"this may be old or lack something: {_missing(standing)}; see `harmonia status`", err=True)


def _missing(found: Incomplete) -> str:
    return f"in Redis {found.where} is {found.why.replace('_', ' ')}"


def _draw(result: ExperimentResult, path: Path) -> None:
    from streams.domain.experiments.comparison_history import with_history
    from streams.services.experiment_plot import svg

    drawn = svg(with_history(result, result))  # one that an earlier version has written ends before itself
    if drawn is None:
        say("--plot: there is no history to draw yet: nothing was compared so far", err=True)
        return
    try:
        path.write_text(drawn)
    except OSError as error:
        refuse(f"--plot: {path}: {error.strerror}; give a file that may be written")
    say(f"drawn into {path}", err=True)


def print_page(shown: Page) -> None:
    """Print a page of facts, tables and notes, as wide as the terminal."""
    print_lines(f"! {warning}" for warning in shown.warnings)
    if shown.warnings:
        print_lines([""])
    print_table(("what", "is"), shown.facts)
    for part in shown.parts:
        print_table(part.columns, part.rows, part.title, part.right)
    print_lines(["", *shown.notes])
