"""The commands `harmonia segments define, withdraw, list, show`: who is meant by which, and how many they are.

Definitions are read from the first partition of `segment-definitions`, which all hold the same (`definition_copies`);
how many are in a segment, from `segment-counts`, which workers write.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from events.spelling import did_you_mean
from events.times import parse_time
from events.topics import SEGMENT_COUNTS, SEGMENT_DEFINITIONS
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table, say
from streams.cli.segment_explanation import explain
from streams.cli.segment_members import export, members
from streams.cli.segment_preview import preview
from streams.cli.whole_words import print_whole_words, whole_seconds
from streams.domain.display_names import is_shown, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streams.domain.segments.conditions import SegmentDefinition
    from streams.domain.segments.segment_totals import SegmentTotal
    from streams.platform.settings import Settings

app = typer.Typer(help="Segments: rules about people, and how many they let in.", no_args_is_help=True)
app.command()(preview)
app.command()(members)
app.command()(export)
app.command()(explain)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
_FILE_HELP = "TOML, or JSON where its name ends in .json; one or several segments."


@app.command()
def define(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE.toml", help=_FILE_HELP)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Define the segments of a file, all or none. docs/segments.md explains every condition.

    Exit code 1 when something is wrong with any of them, or another segment could be judged no more.
    """
    from streams.domain.pressure.closures import channel_rules
    from streams.domain.segments.definition_changes import definition_changes, in_order_of_references
    from streams.domain.segments.definition_files import definition_json
    from streams.operations.definition_copies import write_copies
    from streams.platform.policy_file import policy_of

    found = definitions_in(file)
    settings = load_settings()
    with failing_plainly():
        there = read_defined(settings)
        changes = definition_changes(
            there.definitions, found, channel_rules(policy_of(settings.policy, settings.regime))
        )
        if isinstance(changes, tuple):
            refuse("\n".join(f"{file}: {mistake}" for mistake in changes))
        if not dry_run:
            ordered = in_order_of_references(found)
            write_copies(settings, SEGMENT_DEFINITIONS, [(each.id.encode(), definition_json(each)) for each in ordered])
    if as_json:
        said = [{"id": each.id, "outcome": each.outcome, "judges_anew": each.judges_anew} for each in changes]
        typer.echo(orjson.dumps(said))
        return
    for change in changes:
        anew = ": everybody is judged by it anew" if change.judges_anew else ""
        print_lines([f"{change.id}: {change.outcome}{anew}"])
    if dry_run:
        print_lines(["nothing was written: --dry-run"])


@app.command()
def withdraw(
    segments: Annotated[list[str], typer.Argument(metavar="ID...", help="The segments' ids.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Withdraw segments, all or none: nobody is in them any more.

    Exit code 1 when one is not defined, or another that stays refers to it.
    """
    from streams.domain.segments.definition_changes import referring_to
    from streams.operations.definition_copies import write_copies

    settings = load_settings()
    with failing_plainly():
        there = read_defined(settings)
        for name in segments:
            if name not in there.definitions and name not in there.unreadable:
                near = _near(name, there.definitions)
                refuse(f"{printable(name)}: no such segment{near}; see `harmonia segments list`")
        for name, others in referring_to(segments, there.definitions).items():
            refuse(f"{name}: {', '.join(others)} refers to it; withdraw both, or define {others[0]} without it first")
        write_copies(settings, SEGMENT_DEFINITIONS, [(name.encode(), None) for name in segments])
    if as_json:
        typer.echo(orjson.dumps([{"id": name, "outcome": "withdrawn"} for name in segments]))
        return
    print_lines(f"{printable(name)}: withdrawn; whoever is in it is let go of" for name in segments)


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List all segments with how many are in each."""
    settings = load_settings()
    with failing_plainly():
        there, totals = read_defined(settings), read_totals(settings)
    _tell_unreadable(there)
    if as_json:
        lines = [_as_json(definition, totals.get(name)) for name, definition in sorted(there.definitions.items())]
        typer.echo(orjson.dumps({"segments": lines}))
        return
    if not there.definitions:
        say("no segment is defined: `harmonia segments define FILE.toml`, see docs/segments.md")
        return
    rows = [
        (name, definition.owner, *_figures(totals.get(name))) for name, definition in sorted(there.definitions.items())
    ]
    columns = ("segment", "owner", "members", "came", "went", "judged", "as of")
    print_whole_words(columns, rows, right=(2, 3, 4))


@app.command()
def show(
    segment: Annotated[str, typer.Argument(metavar="ID", help="The segment's id.")], *, as_json: AsJson = False
) -> None:
    """Show a segment as it is defined, and how many are in it. Exit code 1 when it is not defined."""
    from streams.domain.segments.definition_files import definition_toml

    settings = load_settings()
    with failing_plainly():
        there, totals = read_defined(settings), read_totals(settings)
    definition = there.definitions.get(segment)
    if definition is None:
        if segment in there.unreadable:
            refuse(f"{printable(segment)}: cannot be read: {printable(there.unreadable[segment])}; define it anew")
        near = _near(segment, there.definitions)
        refuse(f"{printable(segment)}: no such segment{near}; see `harmonia segments list`")
    total = totals.get(segment)
    if as_json:
        typer.echo(orjson.dumps(_as_json(definition, total)))
        return
    names = ("members", "came", "went", "judged", "as of")
    facts = list(zip(names, _figures(total), strict=True))
    print_table(("what", "is"), [*facts, ("edition", "" if total is None else total.edition)])
    print_lines(["", *definition_toml(definition).splitlines()])


@dataclass(frozen=True, slots=True)
class DefinedSegments:
    """What is defined, by segment. `unreadable`: the first mistake in what cannot be read, by key."""

    definitions: dict[str, SegmentDefinition] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Apply a record of `segment-definitions`."""
        from streams.domain.file_mistakes import FileMistakes
        from streams.domain.segments.compiled_segments import read_definition

        name = (key or b"").decode(errors="replace")
        self.definitions.pop(name, None)
        self.unreadable.pop(name, None)
        if value is None:
            return
        read = read_definition(value)
        if isinstance(read, FileMistakes):
            self.unreadable[name] = str(read.found[0])
        else:
            self.definitions[name] = read


def read_defined(settings: Settings) -> DefinedSegments:
    """Read what is defined. Raises `MissingTopic`, and Kafka's errors."""
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    there = DefinedSegments()
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, SEGMENT_DEFINITIONS, [0]):
            there.take(record.key, record.value)
    return there


def read_totals(settings: Settings) -> dict[str, SegmentTotal]:
    """How many are in each segment, in all partitions. Raises `MissingTopic`, and Kafka's errors."""
    from streams.domain.segments.segment_totals import added_up
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    counts: dict[str, dict[int, Any]] = defaultdict(dict)
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, SEGMENT_COUNTS):
            of = counts[(record.key or b"").decode(errors="replace")]
            if record.value is None:
                of.pop(record.partition, None)
            else:
                of[record.partition] = orjson.loads(record.value)
    added = {name: added_up(of.values(), settings.partitions) for name, of in counts.items()}
    return {name: total for name, total in added.items() if total is not None}


def definitions_in(file: Path) -> list[SegmentDefinition]:
    """The definitions of a file; `-` is standard input. Ends the command with all mistakes, exit code 1, if any."""
    from streams.domain.file_mistakes import FileMistakes
    from streams.domain.segments.definition_files import read_segments, read_segments_json

    is_standard_input = str(file) == "-"
    try:  # Windows puts a mark before it
        said = sys.stdin.buffer.read() if is_standard_input else file.read_bytes()
        text = said.decode("utf-8-sig")
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    except UnicodeDecodeError:
        refuse(f"{file}: not UTF-8, as TOML and JSON have to be")
    is_json = text.lstrip().startswith("{") if is_standard_input else file.suffix.lower() == ".json"
    found = read_segments_json(text) if is_json else read_segments(text)
    if isinstance(found, FileMistakes):
        refuse("\n".join(f"{file}: {mistake}" for mistake in found.found))
    return found


def _figures(total: SegmentTotal | None) -> Sequence[str]:
    if total is None:
        return "", "", "", "not yet", ""
    return f"{total.members:,}", f"{total.entered:,}", f"{total.left:,}", total.state, _at(total.as_of)


def _at(time: str) -> str:
    """A time in whole seconds, as options take it."""
    ms = parse_time(time)
    return time if ms is None else whole_seconds(ms)


def _as_json(definition: SegmentDefinition, total: SegmentTotal | None) -> dict[str, Any]:
    from msgspec.structs import asdict

    from streams.domain.segments.definition_files import definition_table

    return {"definition": definition_table(definition), "counts": None if total is None else asdict(total)}


def _tell_unreadable(there: DefinedSegments) -> None:
    for name, why in there.unreadable.items():
        say(f"{printable(name)}: cannot be read: {printable(why)}", err=True)


def _near(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, filter(is_shown, known))
