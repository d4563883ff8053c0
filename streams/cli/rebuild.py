"""`harmonia rebuild`: fold history again beside the running system, see what would change, and switch to it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from events.json_types import JSON
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.platform.shutdown import signals_end_the_block

if TYPE_CHECKING:
    from streams.history.rebuild.profile_diff import Comparison

app = typer.Typer(
    help="Fold all of history again with this version's fold, compare, and switch. Thrown away by deleting DIR.",
    no_args_is_help=True,
)

DIFFERS = 3
"""Exit code of `compare` where a switch would change something: 1 is of a comparison that could not be made."""

Built = Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="DIR", help="What `build` has made.")]
Processes = Annotated[int, typer.Option("--processes", min=1, help="As many as there are cores to spare.")]
Wait = Annotated[float, typer.Option("--wait", min=1, max=3600, help="Seconds to wait for erasures on their way.")]


@contextmanager
def _failing_plainly() -> Iterator[None]:
    """As `failing_plainly`, and where a lake is none or a directory cannot be written to."""
    from sinks.lake.manifests import LakeDamaged
    from streams.domain.formats import Unreadable

    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns of what it tries again
    with failing_plainly():
        try:
            yield
        except (LakeDamaged, Unreadable) as error:
            refuse(str(error))
        except OSError as error:
            refuse(f"{error.filename or 'HARMONIA_LAKE'}: {error.strerror or type(error).__name__}")


@app.command("build")
def build(
    directory: Annotated[Path, typer.Argument(file_okay=False, metavar="DIR", help="A new directory.")],
    processes: Processes = 2,
    wait: Wait = 60.0,
) -> None:
    """Fold the lake, and the topic behind it, into DIR while the system runs; nothing of it is touched.

    DIR becomes a backup of the running system with states of this version's fold. docs/rebuild.md says the rest.
    """
    from streams.history.rebuild import builder
    from streams.platform.lake_files import lake_place_of, require_lake
    from streams.platform.topics import require_topics

    settings = load_settings()
    began = time.monotonic()
    with _failing_plainly():
        require_lake(lake_place_of(settings))
        require_topics(settings, "harmonia-backup")
        plan = builder.RebuildPlan(lake_place_of(settings), directory, processes, wait)
        try:
            done = builder.build(settings, plan, say)
        except ValueError as error:
            refuse(f"HARMONIA_LAKE: {error}")
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(done.outcomes.items()))
    say(
        f"{directory}: {done.manifest.contacts} records of {done.from_lake} interactions of the lake and "
        f"{done.from_topic} of the topic, {time.monotonic() - began:.1f} s; {outcomes}; {done.nobody} of nobody"
    )


@app.command("compare")
def compare(
    directory: Built,
    samples: Annotated[int, typer.Option("--samples", min=0, max=1000, help="To show of each field.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say which profiles a switch would change, and how. Exit code 0: none; 3: some; 1: it could not be told.

    Profiles with interactions since the build are counted apart.
    """
    import asyncio

    import msgspec

    from streams.history.rebuild import comparison

    settings = load_settings()
    with _failing_plainly(), signals_end_the_block():  # profiles are in a folder of its own
        found = asyncio.run(comparison.compare(settings, directory, samples))
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        say("\n".join(_lines(found)))
    raise typer.Exit(0 if found.is_equal else DIFFERS)


def _lines(found: Comparison) -> Iterator[str]:
    from streams.cli.profile_tables import cell_at

    yield (
        f"{found.equal} equal, {found.differ} differ, {found.only_running} only in the running state, "
        f"{found.only_built} only in what was built; of {found.moved_on} others something was heard since"
    )
    for field, count in found.fields.items():
        yield f"{count:8} {field}"
    for each in found.samples:
        before, after = (cell_at(each.field, cast(JSON, value)) for value in (each.before, each.after))
        yield f"{each.contact_id} {each.field or '(all)'}: {before} -> {after}"


@app.command("switch")
def switch(
    directory: Built,
    partitions: Annotated[
        int | None, typer.Option(min=1, max=1024, help="How many there are to be, if not as many as before.")
    ] = None,
    processes: Processes = 2,
    wait: Wait = 10.0,
) -> None:
    """Put what was built in the place of the running state, as a new generation. Stop the workers before.

    Producers may go on. Exit code 1, and nothing changed, while a worker runs or an erasure is on its way.
    """
    from streams.history.rebuild import switch as switch_over
    from streams.operations.backup.manifest import read_manifest

    settings = load_settings()
    began = time.monotonic()
    with _failing_plainly():
        wanted = read_manifest(directory).partitions if partitions is None else partitions
        if settings.partitions != wanted:
            refuse(
                f"HARMONIA_PARTITIONS is {settings.partitions}, and {wanted} partitions are to be made: set it to "
                "that, for workers too, or say --partitions",
                WRONG_USE,
            )
        done = switch_over.switch(settings, directory, processes, wait, say)
    say(
        f"{done.fragments} fragments of generation {done.generation} in {settings.partitions} partitions, "
        f"{done.from_topic} interactions of the topic in them, {time.monotonic() - began:.1f} s. Start the workers"
    )
