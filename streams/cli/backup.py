"""`harmonia backup`: a copy of what everything else can be made of again, taken while the system runs."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.backup.manifest import Manifest
from streams.cli.failures import failing_plainly, load_settings
from streams.topics import require_topics


def backup(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="A new directory; one for each backup.")],
    wait: Annotated[float, typer.Option(min=1, max=3600, help="Seconds to wait for erasures on their way.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: the manifest.")] = False,
) -> None:
    """Copy what fragments know by themselves, what is not folded yet, holds and policy. docs/recovery.md says the rest.

    No identity key is copied, only its id. The copy has no address in it, but hashes: keep it as you keep the key.
    """
    from streams.backup.taking import take_backup  # noqa: PLC0415 (no other command waits for Faust)

    settings = load_settings()
    began = time.monotonic()
    with failing_plainly():
        require_topics(settings)
        manifest = asyncio.run(take_backup(settings, directory, wait))
    if as_json:
        typer.echo(msgspec.json.encode(manifest))
    else:
        typer.echo(_said(directory, manifest, time.monotonic() - began))


def _said(directory: Path, manifest: Manifest, seconds: float) -> str:
    size = sum(file.bytes for file in manifest.files)
    return (
        f"{directory}: {manifest.contacts} contacts, {size / (1 << 20):.1f} MiB, {seconds:.1f} s; "
        f"all that was sent before {manifest.complete_until} is in it"
    )
