"""Takes the daily snapshot: reads `contact-state` and `contact-links` to their ends and writes them into the lake.

Each partition is read twice: first for the newest version of each contact, then for those versions. So memory holds a
number for each contact, not its profile.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from faust.types import TP

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import ContactChange
from sinks.lake import snapshots
from sinks.lake.files import Files
from sinks.lake.rows import date_of
from sinks.lake.snapshots import SnapshotWriter, links_table, profiles_table
from streams.engine.changelog import PartitionReader
from streams.engine.runs import KafkaRecord
from streams.platform.clients import KafkaClients
from streams.platform.errors import LakeStopped
from streams.platform.settings import Settings
from streams.platform.topics import require_topic
from streams.worker.agents.sinks.redis_sink import change_of, link_of

DAY_MS = 86_400_000
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class SnapshotCounts:
    """How many profiles and links a snapshot of `date` holds."""

    date: str
    contacts: int
    links: int


class _ChangedMeanwhile(Exception):
    """A contact's newest version was compacted away while reading, since there is a newer one by now."""


async def take_snapshot(settings: Settings, files: Files, now: int) -> SnapshotCounts | None:
    """Take the snapshot of the UTC day of `now` (ms since 1970); None: there is one of that day already.

    Raises Kafka's errors, `LakeStopped` and `OSError`.
    """
    writer = SnapshotWriter(files, date_of(now // DAY_MS), now)
    if writer.is_taken():
        return None
    for topic in (CONTACT_STATE, CONTACT_LINKS):
        require_topic(settings, topic)
    contacts = links = 0
    kafka = KafkaClients(settings)
    async with PartitionReader(kafka) as reader:
        for number in await asyncio.to_thread(kafka.partitions_of, CONTACT_STATE):
            contacts += await _profiles(reader, TP(CONTACT_STATE, number), writer)
            links += await _links(reader, TP(CONTACT_LINKS, number), writer)
    done = writer.commit()
    return None if done is None else SnapshotCounts(done.date, contacts, links)


async def _profiles(reader: PartitionReader, place: TP, writer: SnapshotWriter) -> int:
    for _ in range(ATTEMPTS):
        try:
            return await _profiles_once(reader, place, writer)
        except _ChangedMeanwhile:
            continue
    raise LakeStopped(f"{place.topic} partition {place.partition} is compacted faster than it is read: try again later")


async def _profiles_once(reader: PartitionReader, place: TP, writer: SnapshotWriter) -> int:
    start, end = await reader.start_of(place), await reader.end_of(place)
    alive = await _newest(reader, place, start, end)
    written = 0
    with writer.file(snapshots.CONTACT_STATE) as add:
        async for records in _records(reader, place, start, end):
            changes = [change for record in records if record.offset in alive and (change := change_of(record))]
            if changes:
                add(profiles_table(changes))
                written += len(changes)
        if written < len(alive):
            raise _ChangedMeanwhile
    return written


async def _newest(reader: PartitionReader, place: TP, start: int, end: int) -> set[int]:
    """Offsets of the newest version of each contact that still has a profile."""
    newest: dict[str, tuple[int, int, bool]] = {}
    async for records in _records(reader, place, start, end):
        for record in records:
            change = change_of(record)
            if change is not None and (change.version, record.offset) >= newest.get(change.contact_id, (-1, -1))[:2]:
                newest[change.contact_id] = change.version, record.offset, change.profile is not None
    return {offset for _, offset, alive in newest.values() if alive}


async def _links(reader: PartitionReader, place: TP, writer: SnapshotWriter) -> int:
    newest: dict[str, ContactChange] = {}
    start, end = await reader.start_of(place), await reader.end_of(place)
    async for records in _records(reader, place, start, end):
        for record in records:
            link = link_of(record)
            if link is None:
                continue
            known = newest.get(link.contact_id)
            if known is None or known.version <= link.version:
                newest[link.contact_id] = link
    absorbed = [link for link in newest.values() if not link.alone]
    with writer.file(snapshots.CONTACT_LINKS) as add:
        add(links_table(absorbed))
    return len(absorbed)


async def _records(reader: PartitionReader, place: TP, start: int, end: int) -> AsyncIterator[list[KafkaRecord]]:
    async for run in reader.runs(place, start, end):
        yield [record for record in run.records if record.offset < end]
