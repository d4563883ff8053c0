"""Who was erased since a backup: a file beside it, so that restoring brings nobody back.

It names nobody: each erased identifier is there as it is in `contact-suppressions`, which closes it too: a keyed hash,
or a contact_id. Versions before knew most of them only by the hash of that, from which it cannot be told.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec
from faust.types import TP
from msgspec import Struct

from events.links import Roof
from events.topics import CONTACT_ROOFS
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import Erasure
from streams.engine.changelog import PartitionReader
from streams.operations.backup.errors import BackupError
from streams.operations.backup.new_generation import Forgotten
from streams.operations.backup.taking import erasure_in
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings


class Entry(Struct, frozen=True):
    """One fragment, and the command that erased its person. `time`: ms since 1970.

    `contact_id`: of the fragment, if it was the canonical id of the person; `name`: of any fragment, which versions
    before neither wrote nor read.
    """

    trace: str
    time: int
    source: str
    id: str
    contact_id: str | None = None
    name: str | None = None


async def told_erasures(settings: Settings) -> list[Entry]:
    """Every erasure that the topic still holds: those of the last day at least. Raises Kafka's errors."""
    return [entry_of(*found) async for found in erased_nodes(settings)]


async def erased_nodes(settings: Settings) -> AsyncIterator[tuple[str, int, Roof]]:
    """The same, with the nodes' names: node, version and roof. Raises Kafka's errors."""
    kafka = KafkaClients(settings)
    async with PartitionReader(kafka) as reader:
        for number in await asyncio.to_thread(kafka.partitions_of, CONTACT_ROOFS):
            place = TP(CONTACT_ROOFS, number)
            async for run in reader.runs(place, await reader.start_of(place), await reader.end_of(place)):
                for found in map(erasure_in, run.records):
                    if found is not None:
                        yield found


def entry_of(node: str, _: int, roof: Roof) -> Entry:
    """What is kept of an erasure that a node is told of."""
    by = roof.erased
    assert by is not None  # nosec B101 # for the type checker
    return Entry(trace_key(node).decode(), by.time, by.source, by.id, node if roof.roof == node else None, node)


def keep(path: Path, told: Iterable[Entry]) -> int:
    """Add to the file what is new; returns how many it holds. Raises `BackupError`.

    A last line that was cut off, by a kill or a full disk, makes room: the topic tells it again. One that lacks
    only its end, as an editor may leave it, stays.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            whole = _whole(file.read())
            known = set(_entries(path, whole))
            new = [entry for entry in dict.fromkeys(told) if entry not in known]
            file.seek(0)
            file.truncate(len(whole))
            file.write(whole + b"".join(msgspec.json.encode(entry) + b"\n" for entry in new))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BackupError(f"--erasures: {path} cannot be written to: {error.strerror}") from error
    return len(known) + len(new)


def read(path: Path) -> list[Entry]:
    """The entries of a file. Raises `BackupError` that names the line which is none."""
    return _entries(path, path.read_bytes())


def _whole(said: bytes) -> bytes:
    """Without a last line that was cut off, and with an end to one that lacks only that."""
    lines, end, rest = said.rpartition(b"\n")
    if not rest:
        return said
    try:
        msgspec.json.decode(rest, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return lines + end
    return said + b"\n"


def _entries(path: Path, said: bytes) -> list[Entry]:
    found = []
    for number, line in enumerate(said.splitlines(), 1):
        try:
            found.append(msgspec.json.decode(line, type=Entry))
        except msgspec.DecodeError as error:
            raise BackupError(f"--erasures: line {number} of {path} is no erasure") from error
    return found


def forgotten(entries: Iterable[Entry]) -> list[Forgotten]:
    """Of each fragment the latest erasure; its identifier, where any of its entries has that."""
    latest: dict[str, Entry] = {}
    names: dict[str, str] = {}
    for entry in entries:
        if (name := entry.name or entry.contact_id) is not None:
            names[entry.trace] = name
        held = latest.get(entry.trace)
        if held is None or held.time <= entry.time:
            latest[entry.trace] = entry
    return [
        Forgotten(
            trace.encode(), Erasure(entry.time, entry.source, entry.id), names.get(trace), entry.contact_id is not None
        )
        for trace, entry in latest.items()
    ]
