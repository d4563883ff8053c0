"""The commands `harmonia experiments list, show, define, definitions, withdraw`: what is planned, and what came of it.

Results are read from Redis, definitions from their topic: from the first of its partitions, which all hold the same
(`definition_copies`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, get_args

import orjson
import typer

from events.experiment_results import ExperimentResult, ExperimentSummary, Status
from events.json_types import JSON
from events.refusal import Refusal
from events.spelling import did_you_mean
from events.topics import EXPERIMENT_DEFINITIONS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table, say
from streams.domain.display_names import is_shown, printable

if TYPE_CHECKING:
    from events.experiments import ExperimentDefinition
    from sinks.lookup import Complete, Incomplete
    from sinks.results import ResultsReader
    from streams.domain.experiments.definition_records import DefinitionChange
    from streams.domain.experiments.report.pages import Page
    from streams.platform.settings import Settings


app = typer.Typer(help="Experiments: what is planned, and what came of it.", no_args_is_help=True)


Seen = TypeVar("Seen")

ResultsAsJson = Annotated[bool, typer.Option("--json", help="For programs, as GET /v1/experiments answers.")]


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
    as_json: ResultsAsJson = False,
) -> None:
    """List all experiments that have a result, and how their variants do by the primary metric."""
    from streams.domain.experiments.report.pages import summary_line

    seen = _read(load_settings(), lambda results: results.all())
    found: list[ExperimentSummary] = [orjson.loads(line) for line in seen.lines.values()]
    found = [each for each in found if status in (None, each["status"])]
    _warn_if_incomplete(seen.standing)
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
    settings = load_settings()
    seen = _read(settings, lambda results: results.one(experiment))
    if seen.value is None:
        incomplete = f", and {_missing(seen.standing)}" if isinstance(seen.standing, Incomplete) else ""
        known = _read(settings, lambda results: results.all()).lines
        refuse(
            f"{printable(experiment)}: no result of this experiment{incomplete}: `harmonia experiments list` names "
            f"those that have one{near_experiment(experiment, known)}"
        )
    _warn_if_incomplete(seen.standing)
    result: ExperimentResult = orjson.loads(seen.value)
    if as_json:
        typer.echo(seen.value)
    else:
        print_page(page(result))
    if plot is not None:
        _draw(result, plot)


def near_experiment(experiment: str, known: Iterable[str]) -> str:
    """`; did you mean ID?` for an experiment that there is not, if the id of one is near and may be shown."""
    return did_you_mean(experiment, filter(is_shown, known))


def _read(settings: Settings, ask: Callable[[ResultsReader], Awaitable[Seen]]) -> Seen:
    import asyncio

    from sinks.base import SinkUnavailable
    from sinks.results import ResultsReader
    from streams.platform.clients import redis_client
    from streams.platform.tried_address import redis_unanswered_cure

    async def read() -> Seen:
        client = redis_client(settings)
        try:
            return await ask(ResultsReader(client, settings.profiles_oldest_s))
        finally:
            await client.aclose()

    try:
        return asyncio.run(read())
    except SinkUnavailable as trouble:
        refuse(f"{trouble}; {redis_unanswered_cure(settings)}")


def _warn_if_incomplete(standing: Complete | Incomplete) -> None:
    """Say on standard error what Redis lacks; what is there is shown all the same, with its time."""
    from sinks.lookup import Incomplete

    if isinstance(standing, Incomplete):
        say(f"this may be old or lack something: {_missing(standing)}; see `harmonia status`", err=True)


def _missing(found: Incomplete) -> str:
    from streams.domain.messages import english
    from streams.services.permission.decision_messages import incomplete_message

    return english(incomplete_message(found))


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


AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def define(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE.toml", help="TOML; one or several experiments.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    over: Annotated[
        str | None,
        typer.Option(
            help="Only if this is the version of what is defined now, as `definitions --json` has it, or none."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Define the experiments of a file, all or none. docs/experiments-running.md explains every field.

    Exit code 1 when something is wrong with any of them, or two of an exclusion group would share people.
    """
    from streams.domain.experiments.definition_records import change_lines, definition_change, definition_record
    from streams.operations.definition_copies import write_copies

    found = definitions_in(file)
    settings = load_settings()
    with failing_plainly():
        there = read_known_definitions(settings)
        _refuse_clashes(there, found)
        _refuse_overtaken(there, found, over)
        changes = [definition_change(there.definitions.get(definition.id), definition) for definition in found]
        if not dry_run:
            write_copies(settings, EXPERIMENT_DEFINITIONS, [definition_record(definition) for definition in found])
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
    from streams.domain.experiments.definition_records import definition_record
    from streams.domain.experiments.report.definition_lines import definition_lines

    settings = load_settings()
    with failing_plainly():
        there = read_known_definitions(settings)
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
def end(experiment: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """End an experiment now: whoever is assigned from now on is not counted, and it is ended one window later.

    Exit code 1 when it is not defined, or has ended before.
    """
    from events.times import render_time
    from streams.cli.time_options import now_ms
    from streams.domain.experiments.definition_records import definition_change, definition_record
    from streams.operations.definition_copies import write_copies

    settings, now = load_settings(), now_ms()
    with failing_plainly():
        there = read_known_definitions(settings)
        definition = there.definitions.get(experiment)
        if definition is None:
            near = near_experiment(experiment, there.definitions)
            refuse(f"{printable(experiment)}: no such definition: see `harmonia experiments definitions`{near}")
        before = definition.ms("end")
        if before is not None and before <= now:
            refuse(f"{printable(experiment)}: has ended before, at {definition.end}")
        ended = definition.model_copy(update={"end": render_time(now)})
        write_copies(settings, EXPERIMENT_DEFINITIONS, [definition_record(ended)])
    if as_json:
        typer.echo(orjson.dumps([_json(definition_change(definition, ended))]))
    else:
        print_lines([f"{experiment}: ends at {ended.end}; its result is final one window of {ended.window} later"])


@app.command()
def withdraw(experiment: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Take a definition back: what is seen of the experiment runs with the defaults. Exit code 1 when there is none."""
    from streams.domain.experiments.definition_records import rule_of, withdrawal_record
    from streams.operations.definition_copies import write_copies

    settings = load_settings()
    with failing_plainly():
        there = read_known_definitions(settings)
        definition = there.definitions.get(experiment)
        if definition is None and experiment not in there.unreadable:
            near = near_experiment(experiment, there.definitions)
            refuse(f"{printable(experiment)}: no such definition: see `harmonia experiments definitions`{near}")
        write_copies(settings, EXPERIMENT_DEFINITIONS, [withdrawal_record(experiment)])
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


def _refuse_clashes(there: KnownDefinitions, found: Sequence[ExperimentDefinition]) -> None:
    from streams.domain.experiments.definition_files import exclusion_clashes

    new = {definition.id: definition for definition in found}
    if both := "\n".join(str(clash) for clash in exclusion_clashes(there.definitions | new, new)):
        refuse(both)


def _refuse_overtaken(there: KnownDefinitions, found: Sequence[ExperimentDefinition], over: str | None) -> None:
    from streams.domain.experiments.definition_records import definition_version

    for definition in found:
        version = definition_version(there.definitions.get(definition.id))
        if over is not None and version != over:
            refuse(f"overtaken: {definition.id}: what is defined now is {version}, not {over}: look at it first")


def _json(change: DefinitionChange) -> dict[str, JSON]:
    return {
        "id": change.definition.id,
        "outcome": change.outcome,
        "fields": [*change.fields],
        "recounts": change.recounts,
        "resplits": change.resplits,
    }


@dataclass(frozen=True, slots=True)
class KnownDefinitions:
    """What is defined, by experiment. `unreadable`: why records cannot be read, by key."""

    definitions: dict[str, ExperimentDefinition] = field(default_factory=dict)
    unreadable: dict[str, Refusal] = field(default_factory=dict)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Apply a record of `experiment-definitions`."""
        from streams.domain.experiments.definition_records import fold_definition

        refusal = fold_definition(self.definitions, key, value)
        experiment = (key or b"").decode(errors="replace")
        if refusal is None:
            self.unreadable.pop(experiment, None)
        else:
            self.unreadable[experiment] = refusal


def read_known_definitions(settings: Settings) -> KnownDefinitions:
    """Read what is defined. Raises `MissingTopic`, and Kafka's errors."""
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    planned = KnownDefinitions()
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, EXPERIMENT_DEFINITIONS, [0]):
            planned.take(record.key, record.value)
    return planned


def definitions_in(file: Path) -> list[ExperimentDefinition]:
    """The definitions of a file. Ends the command with every mistake, exit code 1, when it has any."""
    from streams.domain.experiments.definition_files import read_definitions
    from streams.domain.file_mistakes import FileMistakes

    try:
        text = file.read_text(encoding="utf-8-sig")  # Windows puts a mark before it
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    except UnicodeDecodeError:
        refuse(f"{file}: not UTF-8, as TOML has to be")
    found = read_definitions(text)
    if isinstance(found, FileMistakes):
        refuse("\n".join(f"{file}: {mistake}" for mistake in found.found))
    return found
