"""The ledger of erasures: a file beside a backup with who was erased since, so that a restore brings nobody back.

Each erased identifier is in it as it is in `contact-suppressions`, which closes it too: a keyed hash, or a contact_id.
Versions before knew most of them only by a one-way hash of that.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec
from faust.types import TP
from msgspec import Struct

from events.identity_links import CanonicalId
from events.json_types import UNREADABLE
from events.topics import CONTACT_ROOFS
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import Erasure
from streams.engine.changelog import PartitionReader
from streams.operations.backup.backup_run import erasure_in
from streams.operations.backup.new_generation import LaterErasure
from streams.operations.backup.record_files import BackupError
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings


class LedgerEntry(Struct, frozen=True):
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


async def topic_erasures(settings: Settings) -> list[LedgerEntry]:
    """Every erasure that `contact-roofs` still holds: at least those of the last day. Raises Kafka's errors."""
    return [ledger_entry(*found) async for found in erased_nodes(settings)]


async def erased_nodes(settings: Settings) -> AsyncIterator[tuple[str, int, CanonicalId]]:
    """Node, version and record of each erasure that `contact-roofs` still holds. Raises Kafka's errors."""
    kafka = KafkaClients(settings)
    async with PartitionReader(kafka) as reader:
        for number in await asyncio.to_thread(kafka.partitions_of, CONTACT_ROOFS):
            place = TP(CONTACT_ROOFS, number)
            async for run in reader.runs(place, await reader.start_of(place), await reader.end_of(place)):
                for found in map(erasure_in, run.records):
                    if found is not None:
                        yield found


def ledger_entry(node: str, _: int, roof: CanonicalId) -> LedgerEntry:
    """The ledger's entry for an erasure that a node is told of."""
    by = roof.erased
    assert by is not None  # nosec B101 # for the type checker
    return LedgerEntry(trace_key(node).decode(), by.time, by.source, by.id, node if roof.roof == node else None, node)


def add_to_ledger(path: Path, told: Iterable[LedgerEntry]) -> int:
    """Append what is new to the file; returns how many entries it holds. Raises `BackupError`.

    A last line that was cut off, by a kill or a full disk, is dropped: the topic tells it again. One that lacks only
    its line end, as an editor may leave it, stays.
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


def read_ledger(path: Path) -> list[LedgerEntry]:
    """The entries of a file. Raises `BackupError` that names a bad line."""
    return _entries(path, path.read_bytes())


def _whole(said: bytes) -> bytes:
    """The content without a last line that was cut off, and with an end to one that lacks only that."""
    lines, end, rest = said.rpartition(b"\n")
    if not rest:
        return said
    try:
        msgspec.json.decode(rest, type=LedgerEntry)
    except UNREADABLE:
        return lines + end
    return said + b"\n"


def _entries(path: Path, said: bytes) -> list[LedgerEntry]:
    found = []
    for number, line in enumerate(said.splitlines(), 1):
        try:
            found.append(msgspec.json.decode(line, type=LedgerEntry))
        except UNREADABLE as error:
            raise BackupError(f"--erasures: line {number} of {path} is no erasure") from error
    return found


def latest_erasures(entries: Iterable[LedgerEntry]) -> list[LaterErasure]:
    """The latest erasure of each fragment, with its identifier where any of its entries has that."""
    latest: dict[str, LedgerEntry] = {}
    names: dict[str, str] = {}
    for entry in entries:
        if (name := entry.name or entry.contact_id) is not None:
            names[entry.trace] = name
        held = latest.get(entry.trace)
        if held is None or held.time <= entry.time:
            latest[entry.trace] = entry
    return [
        LaterErasure(
            trace.encode(), Erasure(entry.time, entry.source, entry.id), names.get(trace), entry.contact_id is not None
        )
        for trace, entry in latest.items()
    ]
