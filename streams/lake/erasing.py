"""Who was erased, from all that knows of it: the links agent's topic, a ledger of backups, and commands in the lake."""

from collections.abc import Iterable
from pathlib import Path

from sinks.lake.erasing import Forgotten, commanded, erase
from sinks.lake.erasures import Erasure, add_erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from streams.backup.ledger import Entry, erased_nodes, read
from streams.settings import Settings


async def told(settings: Settings) -> list[Erasure]:
    """Every erasure that `contact-roofs` still holds: those of the last day at least. Raises Kafka's errors."""
    found = []
    async for node, _, roof in erased_nodes(settings):
        if roof.erased is not None:
            found.append(erasure_of(node, roof.erased.time))
    return found


def erase_from_lake(files: Files, told: Iterable[Erasure], ledger: Path | None) -> Forgotten:
    """Take out whoever is known to be erased, and remember it. Raises `BackupError` for a ledger that is none."""
    kept = [] if ledger is None else map(_of_ledger, read(ledger))
    add_erasures(files, read_erasures(files).new([*told, *kept, *commanded(files)]))
    return erase(files, read_erasures(files))


def _of_ledger(entry: Entry) -> Erasure:
    """Of most there it is only the hash that is known."""
    if entry.contact_id is not None:
        return erasure_of(entry.contact_id, entry.time)
    return Erasure(entry.trace.removeprefix("/"), None, entry.time)
