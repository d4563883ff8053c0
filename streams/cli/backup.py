"""`harmonia backup`: a copy of what everything else can be made of again, taken while the system runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.saying import say

if TYPE_CHECKING:
    from streams.operations.backup.manifest import Manifest


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
        require_topics(settings)
        manifest = None if directory is None else asyncio.run(take_backup(settings, directory, wait))
        kept = None if erasures is None else add_to_ledger(erasures, asyncio.run(topic_erasures(settings)))
    if as_json:
        typer.echo(msgspec.json.encode({"manifest": manifest, "erasures": kept}))
    else:
        say("\n".join(_said(directory, manifest, erasures, kept, time.monotonic() - began)))


def _said(
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
