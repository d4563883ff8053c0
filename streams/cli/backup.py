"""`harmonia backup`, `restore`: a copy of all that the rest can be made of, taken while the system runs; and back."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say

if TYPE_CHECKING:
    from streams.operations.backup.manifest import Manifest
    from streams.platform.settings import Settings


def backup(
    directory: Annotated[
        Path | None, typer.Argument(file_okay=False, help="A new directory; one for each backup.")
    ] = None,
    erasures: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File to add to who was erased; for older backups.")
    ] = None,
    wait: Annotated[float, typer.Option(min=1, max=3600, help="Seconds to wait for erasures on their way.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Copy what fragments know by themselves, what is not folded yet, holds and policy. docs/recovery.md says the rest.

    No identity key is copied, only its id. The copy has no address in it, but hashes: keep it as you keep the key.
    With --erasures alone nothing else is copied: have that done at least once a day, and better every minute.
    """
    import asyncio

    import msgspec

    from streams.platform.topics import require_topics

    if directory is None and erasures is None:
        refuse("name a directory, or a file with --erasures", WRONG_USE)
    from streams.operations.backup.backup_run import take_backup
    from streams.operations.backup.erasure_ledger import add_to_ledger, topic_erasures

    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns of what it tries again
    settings = load_settings()
    began = time.monotonic()
    with failing_plainly():
        require_topics(settings, "harmonia-backup")
        manifest = None if directory is None else asyncio.run(take_backup(settings, directory, wait))
        kept = None if erasures is None else add_to_ledger(erasures, asyncio.run(topic_erasures(settings)))
    if as_json:
        typer.echo(msgspec.json.encode({"manifest": manifest, "erasures": kept}))
    else:
        say("\n".join(_lines(directory, manifest, erasures, kept, time.monotonic() - began)))


def _lines(
    directory: Path | None, manifest: Manifest | None, erasures: Path | None, kept: int | None, seconds: float
) -> Iterator[str]:
    if manifest is not None:
        size = sum(file.bytes for file in manifest.files)
        yield (
            f"{directory}: {manifest.contacts} records, {size / (1 << 20):.1f} MiB, {seconds:.1f} s; "
            f"all that was sent before {manifest.complete_until} is in it"
        )
    if kept is not None:
        yield f"{erasures}: {kept} identifiers of people who were erased"


def restore(  # noqa: PLR0913 (options of a command)
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A backup.")],
    *,
    partitions: Annotated[
        int | None, typer.Option(min=1, max=1024, help="How many there are to be, if not as many as before.")
    ] = None,
    generation: Annotated[
        int | None, typer.Option(min=1, max=8191, help="Where this backup was restored before: one more than then.")
    ] = None,
    erasures: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Who was erased since; see `backup --erasures`.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of the very state that it is a backup of.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Make all topics and tables again. docs/recovery.md says when and how. No worker may run meanwhile.

    Stop `harmonia sink postgres` too, which follows the topics that are made anew.

    Exit code 1, and nothing written, where there is a state that is not to be replaced, or where the identity keys that
    are set are not those of the backup.
    """
    import asyncio

    from streams.operations.backup import erasure_ledger
    from streams.operations.backup.manifest import read_manifest, require_identity, require_whole
    from streams.operations.backup.restore import RestorePlan, restore_backup

    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns of what it tries again
    settings = load_settings()
    began = time.monotonic()
    with failing_plainly():
        manifest = read_manifest(directory)
        require_identity(manifest, settings)
        _require_partitions(settings, manifest, partitions)
        require_whole(directory, manifest)
        number = _new_generation(manifest, generation)
        if erasures is None and not replace:  # of that very state nothing came after
            say("without --erasures whoever was erased after this backup comes back: see docs/recovery.md", err=True)
        since = [] if erasures is None else erasure_ledger.latest_erasures(erasure_ledger.read_ledger(erasures))
        order = RestorePlan(directory, manifest, number, since, replace)
        contacts = asyncio.run(restore_backup(settings, order))
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(orjson.dumps({"contacts": contacts, "generation": number, "partitions": settings.partitions}))
    else:
        say(
            f"{contacts} fragments of generation {number} in {settings.partitions} partitions, {seconds:.1f} s. "
            f"Start the workers, and have sent again what came after {manifest.complete_until}, erasures last"
        )
        _print_policy_hint(directory, settings)


def _require_partitions(settings: Settings, manifest: Manifest, partitions: int | None) -> None:
    wanted = manifest.partitions if partitions is None else partitions
    if settings.partitions != wanted:
        refuse(
            f"HARMONIA_PARTITIONS is {settings.partitions}, and {wanted} partitions are to be restored: "
            "set it to that, for workers too, or say --partitions",
            WRONG_USE,
        )


def _new_generation(manifest: Manifest, generation: int | None) -> int:
    if generation is not None and generation <= manifest.generation:
        refuse(f"--generation: the backup is of generation {manifest.generation}: give a higher one", WRONG_USE)
    return manifest.generation + 1 if generation is None else generation


def _print_policy_hint(directory: Path, settings: Settings) -> None:
    from streams.operations.backup.manifest import POLICY

    kept = directory / POLICY
    if kept.is_file() and (settings.policy is None or not settings.policy.is_file()):
        say(f"The policy that held is {kept}: put it where HARMONIA_POLICY says")
