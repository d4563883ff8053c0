"""`harmonia experiments define, definitions, withdraw`: what is tried, on whom, and how it will be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from events.json_types import JSON
from streams.cli.experiment_group import app
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.saying import say
from streams.cli.tables import print_lines
from streams.domain.display_names import printable

if TYPE_CHECKING:
    from events.experiments import ExperimentDefinition
    from streams.cli.planned import Planned
    from streams.domain.experiments.definition_records import DefinitionChange

__all__ = ["app"]

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def define(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE.toml", help="TOML; one or several experiments.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Define the experiments of a file, all or none. docs/experiments-running.md explains every field.

    Exit code 1 when something is wrong with any of them, or two of an exclusion group would share people.
    """
    from streams.cli.planned import definitions_in, read_planned, write_planned
    from streams.domain.experiments.definition_records import change_lines, definition_change, definition_record

    found = definitions_in(file)
    settings = load_settings()
    with failing_plainly():
        there = read_planned(settings)
        _refuse_clashes(there, found)
        changes = [definition_change(there.definitions.get(definition.id), definition) for definition in found]
        if not dry_run:
            write_planned(settings, [definition_record(definition) for definition in found])
    if as_json:
        typer.echo(orjson.dumps([_json(change) for change in changes]))
        return
    for change in changes:
        print_lines(change_lines(change))
    if dry_run:
        print_lines(["nothing was written: --dry-run"])


@app.command("definitions")
def show_definitions(as_json: AsJson = False) -> None:
    """Show what is defined; what came of it shows `harmonia experiments list`."""
    from streams.cli.planned import read_planned
    from streams.domain.experiments.definition_records import definition_record
    from streams.domain.experiments.report.definition_lines import definition_lines

    settings = load_settings()
    with failing_plainly():
        there = read_planned(settings)
    for experiment, refusal in there.unreadable.items():
        say(f"{printable(experiment)}: cannot be read: {printable(refusal.detail)}", err=True)
    definitions = [definition for _, definition in sorted(there.definitions.items())]
    if as_json:
        typer.echo(b"[" + b",".join(definition_record(each)[1] for each in definitions) + b"]")
        return
    if not definitions:
        say("no experiment is defined")
    for definition in definitions:
        print_lines(definition_lines(definition))


@app.command()
def withdraw(experiment: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Take a definition back: what is seen of the experiment runs with the defaults. Exit code 1 when there is none."""
    from streams.cli.planned import read_planned, write_planned
    from streams.domain.experiments.definition_records import rule_of, withdrawal_record

    settings = load_settings()
    with failing_plainly():
        there = read_planned(settings)
        definition = there.definitions.get(experiment)
        if definition is None and experiment not in there.unreadable:
            refuse(f"{printable(experiment)}: no such definition; see `harmonia experiments definitions`")
        write_planned(settings, [withdrawal_record(experiment)])
    recounts = rule_of(definition).edition != ""
    if as_json:
        typer.echo(orjson.dumps({"id": experiment, "outcome": "withdrawn", "recounts": recounts}))
        return
    print_lines(_withdrawn(experiment, recounts=recounts))


def _withdrawn(experiment: str, *, recounts: bool) -> Iterator[str]:
    yield f"{experiment}: withdrawn"
    yield "    if nobody is in it, its result goes; else it goes on by the defaults (to end one, define it with an end)"
    if recounts:
        yield "    its people are counted anew"


def _refuse_clashes(there: Planned, found: Sequence[ExperimentDefinition]) -> None:
    from streams.domain.experiments.definition_files import exclusion_clashes

    new = {definition.id: definition for definition in found}
    if both := "\n".join(str(clash) for clash in exclusion_clashes(there.definitions | new, new)):
        refuse(both)


def _json(change: DefinitionChange) -> dict[str, JSON]:
    return {
        "id": change.definition.id,
        "outcome": change.outcome,
        "fields": [*change.fields],
        "recounts": change.recounts,
        "resplits": change.resplits,
    }
