"""Who was erased, from all that knows of it: the links agent's topic, a ledger of backups, and commands in the lake."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sinks.lake.erasure import Forgotten, commanded, erase, heard_at, later_of
from sinks.lake.erasure_list import Erasure, Erasures, add_erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from streams.operations.backup.erasure_ledger import Entry, erased_nodes, read
from streams.platform.settings import Settings


class Told(NamedTuple):
    """That an identifier of somebody is forgotten, and by which command: it may have been said under another one."""

    erasure: Erasure
    source: str
    id: str


async def told(settings: Settings) -> list[Told]:
    """Every erasure that `contact-roofs` still holds: those of the last day at least. Raises Kafka's errors."""
    found = []
    async for node, _, roof in erased_nodes(settings):
        if roof.erased is not None:
            found.append(Told(erasure_of(node, roof.erased.time), roof.erased.source, roof.erased.id))
    return found


def pending(files: Files, told: Iterable[Told] = ()) -> int:
    """How many commands to erase somebody have not been carried out in the lake, as far as it and `told` tell.

    One that the lake has not got yet may have been carried out until the time that it says, and no further. While
    there is anything of later under such a name it waits.
    """
    known, told = read_erasures(files), list(told)
    waiting = {(each.source, each.id) for each in told if not known.knows(each.erasure)}
    sure = {(each.trace, each.until) for each in known if each.heard is not None}
    unsure = [each for each in told if (each.erasure.trace, each.erasure.until) not in sure]
    if later := later_of(files, [each.erasure for each in unsure]):
        waiting.update((each.source, each.id) for each in unsure if each.erasure.trace in later)
    return len(waiting.union(heard_at(files)))


def erase_from_lake(files: Files, told: Iterable[Told], ledger: Path | None) -> Forgotten:
    """Take out whoever is known to be erased, and remember it. Raises `BackupError` for a ledger that is none.

    What had come when a command was heard is forgotten under each identifier of the person, so it is looked up when
    that was, before the command itself is taken out.
    """
    kept = [] if ledger is None else map(_of_ledger, read(ledger))
    known = read_erasures(files)
    found = _with_heard([*told, *kept], heard_at(files), known)
    add_erasures(files, known.new([*found, *commanded(files)]))
    return erase(files, read_erasures(files))


def _with_heard(said: Iterable[Told], heard: Mapping[tuple[str, str], int], known: Erasures) -> list[Erasure]:
    """When each was heard: by its command in the lake, or by the list, which may have it under another of its names."""
    said, listed = list(said), {(each.trace, each.until): each.heard for each in known if each.heard is not None}
    came = dict(heard)
    for each in said:
        if (at := listed.get((each.erasure.trace, each.erasure.until))) is not None:
            came.setdefault((each.source, each.id), at)
    return [each.erasure._replace(heard=came.get((each.source, each.id))) for each in said]


def _of_ledger(entry: Entry) -> Told:
    """Of some there it is only the hash that is known."""
    if (name := entry.name or entry.contact_id) is not None:
        return Told(erasure_of(name, entry.time), entry.source, entry.id)
    return Told(Erasure(entry.trace.removeprefix("/"), None, entry.time), entry.source, entry.id)
