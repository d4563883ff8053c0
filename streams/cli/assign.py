"""`harmonia assign`: assigns each row of a list to a variant of an experiment; `--emit` publishes the assignments.

Who gets what follows from the definition and the row alone, so it is the same on every machine, and no worker is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from events.experiment_results import Unit
from events.json_types import JSON
from events.topics import OUTREACH_EVENTS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.cli.time_options import now_ms
from streams.domain.display_names import counted, printable

if TYPE_CHECKING:
    from events.experiments import ExperimentDefinition
    from streams.platform.settings import Settings
    from streams.services.assign.assigned_events import Assigner
    from streams.services.assign.list_assignment import AssignmentSummary, Publish, SplitUnits
    from streams.services.audience import Audience

_errors = Console(stderr=True, highlight=False)
_SOURCE = "operator/harmonia"
_NOT_COMPARED = (
    "Redis does not answer, so HARMONIA_IDENTITY_KEY was not compared with the workers': by another one these people "
    "would be in other variants than in your other lists"
)


def assign(  # noqa: PLR0913 (options of a command)
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="The id of a definition.")],
    *,
    emit: Annotated[
        bool, typer.Option("--emit", help="Send experiment.assigned for everybody who is in it, holdouts included.")
    ] = False,
    definition: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML; without it what was defined.")
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Assign the members of this segment, as they are now, in place of a list."),
    ] = None,
    source: Annotated[str, typer.Option(help="Who assigns, as the source of the events.")] = _SOURCE,
    team: Annotated[
        str | None, typer.Option(help="Whose assignment it is; without it the source's first part.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: the counts, on standard error.")] = False,
) -> None:
    """Read contact_ids or a list (CSV) from standard input, write it with a column `variant` to standard output.

    Whoever is not in the experiment has an empty variant. docs/experiments-running.md says more. With --segment nothing
    is read: membership says who is assigned now, and results count whoever was assigned, in the segment or not.
    """
    from events.fields import MAX_ID, MAX_TEXT
    from streams.cli.person import require_workers_key
    from streams.services.assign.assigned_events import Assigner

    settings = load_settings()
    if not 1 <= len(source) <= MAX_ID or len(team or "") > MAX_TEXT:
        refuse(f"--source: 1 to {MAX_ID} characters; --team: up to {MAX_TEXT:,}", WRONG_USE)
    compared = require_workers_key(settings)
    with failing_plainly():
        found = _definition(settings, experiment, definition)
    if emit:
        _require_countable(found)
    with _audience(settings, found, segment) as audience:
        _assign(settings, found, audience, Assigner(source, team) if emit else None, (compared, as_json))


def _assign(
    settings: Settings,
    found: ExperimentDefinition,
    audience: Audience,
    assigner: Assigner | None,
    told: tuple[bool, bool],
) -> None:
    """Assign the rows of a list. `told`: whether the identity key was compared with the workers'; for programs."""
    from streams.cli.output import rows_bar
    from streams.domain.experiments.assignment import VariantAssigner
    from streams.services.assign.list_assignment import Assignments, SplitUnitCounter, UnitReader, is_assigned_by_hashes

    (compared, as_json), emitted = told, assigner is not None
    key_compared = compared if is_assigned_by_hashes(audience.header, found) else None
    if key_compared is False and not as_json:
        say(_NOT_COMPARED, err=True)
    split = SplitUnitCounter(found)
    assignments = Assignments(
        audience, UnitReader(audience.header, found, settings.hasher), VariantAssigner(found), split
    )
    if emitted and not assignments.has_rows():
        refuse(
            "--emit: the list has no row below its header, so nobody would be told of; give one with rows", WRONG_USE
        )
    with (
        failing_plainly(),
        _publisher(settings, found, assigner) as publish,
        rows_bar(audience.file, _errors) as progress,
    ):
        assignments.write(sys.stdout.buffer, publish, progress)
        sys.stdout.buffer.flush()
    if as_json:
        counts = _json(found, assignments.summary, split.split_units(), key_compared, emitted=emitted)
        typer.echo(orjson.dumps(counts), err=True)
    else:
        _print_summary(found, assignments.summary, split.split_units(), emitted=emitted)


def _definition(settings: Settings, experiment: str, file: Path | None) -> ExperimentDefinition:
    from streams.cli.experiments import definitions_in, near_experiment, read_known_definitions

    if file is None:
        there = read_known_definitions(settings)
        if refusal := there.unreadable.get(experiment):
            refuse(f"{printable(experiment)}: the definition cannot be read: {refusal.detail}")
        definitions = there.definitions
    else:
        definitions = {each.id: each for each in definitions_in(file)}
    if experiment not in definitions:
        cure = "see `harmonia experiments definitions`" if file is None else f"{file} defines {', '.join(definitions)}"
        near = near_experiment(experiment, definitions)
        refuse(f"{printable(experiment)}: no such definition: {cure}{near}", WRONG_USE)
    return definitions[experiment]


def _require_countable(definition: ExperimentDefinition) -> None:
    """End the command where emitted assignments would not count."""
    now = now_ms()
    if definition.phase == "rollout":
        refuse("--emit: it is rolled out, and nobody is counted who is assigned now; leave it out", WRONG_USE)
    start, end = definition.ms("start"), definition.ms("end")
    if (start is not None and now < start) or (end is not None and end <= now):
        between = f"its start ({definition.start or 'none'}) and its end ({definition.end or 'none'})"
        refuse(f"--emit: now is not between {between}, so nobody would be counted; leave it out", WRONG_USE)


@contextmanager
def _audience(settings: Settings, definition: ExperimentDefinition, segment: str | None) -> Iterator[Audience]:
    """The list on standard input, or the members of a segment."""
    from streams.cli.segment_members import members_as_list
    from streams.services.assign.list_assignment import missing_column
    from streams.services.audience import UnusableAudience, open_ids

    if segment is None and sys.stdin.isatty():
        refuse("give a list on standard input: harmonia assign EXPERIMENT < ids.csv > assigned.csv", WRONG_USE)
    with ExitStack() as kept:
        if segment is not None:
            audience: Audience | UnusableAudience = kept.enter_context(members_as_list(settings, segment))
        else:
            audience = open_ids(sys.stdin.buffer)
        if isinstance(audience, UnusableAudience):
            refuse(audience.reason, WRONG_USE)
        if lacks := missing_column(audience.header, definition):
            refuse(lacks.reason, WRONG_USE)
        yield audience


@contextmanager
def _publisher(settings: Settings, definition: ExperimentDefinition, assigner: Assigner | None) -> Iterator[Publish]:
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import require_topic
    from streams.services.assign.assigned_events import AssignmentPublisher

    if assigner is None:
        yield lambda _: None
        return
    require_topic(settings, OUTREACH_EVENTS)
    producer = KafkaClients(settings).tool_producer()
    try:
        yield AssignmentPublisher(producer, definition, assigner, now_ms).publish
    finally:
        producer.close()


def _planned(definition: ExperimentDefinition) -> dict[str, float]:
    """The planned share of each variant; empty where nothing is planned."""
    from streams.domain.experiments.definition_records import planned_shares

    return (planned_shares(definition) or {}) if definition.phase == "test" else {}


def _print_summary(
    definition: ExperimentDefinition, summary: AssignmentSummary, split: SplitUnits | None, *, emitted: bool
) -> None:
    shares = _planned(definition)
    total = summary.variants.total()
    table = Table("variant", "rows", "share", "planned", box=None)
    for variant in definition.arms:
        rows, share = summary.variants[variant], shares.get(variant)
        found = f"{rows / total:.2%}" if total else ""
        table.add_row(variant, f"{rows:,}", found, "" if share is None else f"{share:.2%}")
    _errors.print(table)
    told = f"{total:,} of {counted(summary.rows, 'row', 'rows')} {'is' if total == 1 else 'are'} in {definition.id}"
    _errors.print(f"{told}; all of them were sent to {OUTREACH_EVENTS}" if emitted else told, markup=False)
    if summary.excluded:
        excluded = counted(summary.excluded, "is not", "are not")
        _errors.print(f"{excluded}: another slice of their exclusion group is theirs")
    for trouble, rows in sorted(summary.troubles.items()):
        _errors.print(f"{counted(rows, 'was', 'were')} not assigned: {trouble}")
    if split is not None and split.several and definition.strata is not None:
        say(_parted(definition.unit, definition.strata.column, split), err=True)


def _parted(unit: Unit, column: str, split: SplitUnits) -> str:
    are, their = ("is", "its") if split.several == 1 else ("are", "their")
    return (
        f"{split.several:,} of {counted(split.units, unit, f'{unit}s')} {are} in several variants, "
        f"since {their} people are in several strata: give all of a {unit} the same {printable(column)}"
    )


def _json(
    definition: ExperimentDefinition,
    summary: AssignmentSummary,
    split: SplitUnits | None,
    key_compared: bool | None,
    *,
    emitted: bool,
) -> dict[str, JSON]:
    counts: dict[str, JSON] = {
        "experiment": definition.id,
        "rows": summary.rows,
        "variants": {variant: summary.variants[variant] for variant in definition.arms},
        "planned": {**_planned(definition)} or None,
        "excluded": summary.excluded,
        "not_assigned": {str(trouble): rows for trouble, rows in summary.troubles.items()},
        "emitted": summary.variants.total() if emitted else 0,
    }
    if split is not None:
        counts["parted"] = split.several
    if key_compared is not None:
        counts["key_compared"] = key_compared
    return counts
