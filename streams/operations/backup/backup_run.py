"""Takes a backup while the system runs. Its order of reading makes it consistent; docs/adr gives the reasons.

First each partition's table is read, then what the links agent has told, then `interactions`: so whatever any table
knows is in the backup, or follows from what is. It waits until each erasure is carried out everywhere.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from faust.types import TP

from events.identity_links import CanonicalId, read_canonical_id
from events.refusal import Refusal
from events.times import render_time
from events.topics import (
    CAMPAIGN_HOLDS,
    CAMPAIGN_TRANSPARENCY,
    CONTACT_ROOFS,
    EXPERIMENT_DEFINITIONS,
    INPUT_TOPICS,
    INTERACTIONS,
    RIGHTS_REQUESTS,
    SEGMENT_DEFINITIONS,
)
from streams.domain.contact import decode
from streams.domain.contact.identity.erasure import place_of
from streams.domain.formats import Unreadable
from streams.engine.changelog import PartitionReader
from streams.engine.decoded_states import BESIDE, GENERATION_KEY, NO_STATES
from streams.engine.rocksdb_store import RocksStores
from streams.engine.runs import KafkaRecord
from streams.engine.store import Position, Store
from streams.engine.table_partition import read_watermark, watermark_key
from streams.engine.write_back import WriteBackStores
from streams.operations.backup import manifest as names
from streams.operations.backup.manifest import FORMAT, Manifest, identity_of, write_manifest
from streams.operations.backup.record_files import (
    BackupError,
    FileEntry,
    Record,
    RecordWriter,
    open_new,
    sha256_of,
    write_records,
)
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import CONTACTS_TABLE, changelog_name
from streams.worker.agents.contacts.identity_changes import version_of

_OF_OTHERS = b"/"
_HERE = Position("", 0, 0)


class ChangelogFollower:
    """Reads one partition of the contacts' changelog into a store: up to its end, and on from there.

    Left out are the parts that canonical ids keep of other fragments, since the fragments keep them as well.
    """

    def __init__(self, reader: PartitionReader, tp: TP, store: Store) -> None:
        self._reader = reader
        self._tp = tp
        self._store = store
        self._asking: set[bytes] = set()
        self.offset: int | None = None

    @property
    def is_asking(self) -> bool:
        """Whether somebody is being erased, and the links agent has not answered yet who that is."""
        return bool(self._asking)

    @property
    def generation(self) -> int:
        """The table's generation."""
        return int(self._store.get(GENERATION_KEY) or 0)

    def watermark(self, topic: str) -> int | None:
        """The last offset of `topic` that is folded in here."""
        return read_watermark(self._store.get(watermark_key(TP(topic, self._tp.partition))))

    async def follow(self) -> None:
        """Read whole transactions up to the log's present end. Raises Kafka's errors, and `Unreadable`."""
        end = await self._reader.end_of(self._tp)
        start = await self._reader.start_of(self._tp) if self.offset is None else self.offset
        async for run in self._reader.runs(self._tp, start, end):
            self._take([record for record in run.records if record.offset < end])
        self.offset = end

    def kept(self) -> Iterator[tuple[bytes, bytes]]:
        """Every key and value, without the engine's own."""
        return ((key, value) for key, value in self._store.items() if not key.startswith(NO_STATES))

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _take(self, records: list[KafkaRecord]) -> None:
        """Store records, without what is kept beside the states: it follows from them and from the rest."""
        wanted = {each.key: each.value for each in records if each.key is not None and _is_own(each.key)}
        self._store.write(wanted, _HERE)
        for key, value in wanted.items():
            if key.startswith((*NO_STATES, _OF_OTHERS)):
                continue
            if value is not None and place_of(decode(value)).asked is not None:
                self._asking.add(key)
            else:
                self._asking.discard(key)


def _is_own(key: bytes) -> bool:
    return _OF_OTHERS not in key[1:] and not key.startswith(BESIDE)


WORK = "work"
HELD_BACK_BYTES = 64 << 20
_LOOK_AGAIN_S = 0.05
_ERASED = b'"contact.erased'
"""How the types of all commands that may erase begin."""


@dataclass(slots=True)
class _TopicContents:
    """What was read after the tables: erasures not heard of, files of `interactions`, and the offsets of their ends."""

    erasures: list[Record]
    files: list[FileEntry]
    ends: list[int]


async def take_backup(settings: Settings, directory: Path, patience_s: float) -> Manifest:
    """Write a backup into a new directory; returns its manifest.

    Raises `BackupError` or one of Kafka's errors; the directory has no manifest then.
    """
    _make(directory)
    work = directory / WORK
    try:
        async with AsyncExitStack() as closing:
            taking = await _Backup.begin(settings, directory, closing)
            return await taking.take(patience_s)
    except Unreadable as error:
        raise BackupError(f"{changelog_name(settings, CONTACTS_TABLE)}: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Backup:
    def __init__(self, settings: Settings, directory: Path, seen: PartitionReader, everything: PartitionReader) -> None:
        self._settings = settings
        self._directory = directory
        self._kafka = KafkaClients(settings)
        self._seen = seen
        self._everything = everything
        stores = WriteBackStores(RocksStores(directory / WORK), HELD_BACK_BYTES)
        changelog = changelog_name(settings, CONTACTS_TABLE)
        self._followed = [
            ChangelogFollower(seen, TP(changelog, number), stores("contacts", number))
            for number in range(settings.partitions)
        ]

    @classmethod
    async def begin(cls, settings: Settings, directory: Path, closing: AsyncExitStack) -> "_Backup":
        kafka = KafkaClients(settings)
        seen = await closing.enter_async_context(PartitionReader(kafka))
        everything = await closing.enter_async_context(PartitionReader(kafka, "read_uncommitted"))
        taking = cls(settings, directory, seen, everything)
        for followed in taking._followed:
            closing.callback(followed.close)
        return taking

    async def take(self, patience_s: float) -> Manifest:
        began = _now()
        complete_until = min(began, await self._oldest_not_taken_in(began))
        for followed in self._followed:
            await followed.follow()
        try:
            async with asyncio.timeout(patience_s):
                rest = await self._rest()
        except TimeoutError as error:
            raise BackupError(
                f"people were being erased all the time for {patience_s:g} s, or the workers do not work: "
                "a backup is taken while no erasure is on its way. Try again later, or with a longer --wait"
            ) from error
        return await self._write(began, complete_until, rest)

    async def _rest(self) -> _TopicContents:
        """Read everything after the tables, once no erasure is on its way."""
        while True:
            for followed in self._followed:
                await followed.follow()
            if not any(followed.is_asking for followed in self._followed):
                erasures = [record async for record in self._erasures()]
                rest = _TopicContents(erasures, [], [])
                if await self._read_interactions(rest):
                    return rest
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _erasures(self) -> AsyncIterator[Record]:
        """Erasures that were told and may not have been heard."""
        places = [TP(CONTACT_ROOFS, number) for number in range(len(self._followed))]
        ends = await self._everything.ends_of(places)  # committed readers see less while a transaction ends
        for followed, place in zip(self._followed, places, strict=True):
            async for record in self._records(place, followed.watermark(CONTACT_ROOFS), ends[place]):
                if erasure_in(record) is not None:
                    yield _record(record)

    async def _read_interactions(self, rest: _TopicContents) -> bool:
        """Whether no erasure was among the interactions still to be folded."""
        places = [TP(INTERACTIONS, number) for number in range(len(self._followed))]
        ends = await self._everything.ends_of(places)
        for followed, place in zip(self._followed, places, strict=True):
            watermark = followed.watermark(INTERACTIONS)
            start = await self._everything.start_of(place)
            if watermark is not None and watermark + 1 < start:
                raise BackupError(f"{place}: what comes after {watermark} was deleted before it was folded")
            out = RecordWriter(self._directory / names.interactions_file(place.partition))
            async for records in self._runs(place, watermark, ends[place]):
                if any(_ERASED in (record.value or b"") for record in records):
                    out.drop()
                    return False
                out.add([*map(_record, records)])
            rest.files.append(out.done())
            rest.ends.append(ends[place])
        return True

    async def _runs(self, place: TP, watermark: int | None, end: int) -> AsyncIterator[list[KafkaRecord]]:
        start = await self._seen.start_of(place) if watermark is None else watermark + 1
        async for run in self._seen.runs(place, start, end):
            yield [record for record in run.records if record.offset < end]

    async def _records(self, place: TP, watermark: int | None, end: int) -> AsyncIterator[KafkaRecord]:
        async for records in self._runs(place, watermark, end):
            for record in records:
                yield record

    async def _oldest_not_taken_in(self, now: int) -> int:
        """When the broker got the oldest input record that intake may not have handled yet."""
        done = await asyncio.to_thread(self._kafka.committed_by, self._settings.app_id)
        places = [
            TP(topic.name, number)
            for topic in INPUT_TOPICS
            for number in await asyncio.to_thread(self._kafka.partitions_of, topic.name)
        ]
        ends = await self._seen.ends_of(places)
        oldest = now
        for place in places:
            start = max(done.get((place.topic, place.partition), 0), await self._seen.start_of(place))
            async for record in self._records(place, start - 1, ends[place]):
                oldest = min(oldest, record.timestamp)
                break
        return oldest

    async def _write(self, began: int, complete_until: int, rest: _TopicContents) -> Manifest:
        files = [*rest.files, write_records(self._directory / names.ERASURES, rest.erasures)]
        contacts = 0
        for number, followed in enumerate(self._followed):
            kept = (Record(number, key, value) for key, value in followed.kept())
            files.append(write_records(self._directory / names.contacts_file(number), kept))
            contacts += files[-1].records
        files.append(write_records(self._directory / names.HOLDS, await self._latest(CAMPAIGN_HOLDS)))
        files.append(write_records(self._directory / names.RIGHTS, await self._latest(RIGHTS_REQUESTS)))
        files.append(write_records(self._directory / names.TRANSPARENCY, await self._all(CAMPAIGN_TRANSPARENCY)))
        files.append(write_records(self._directory / names.DEFINITIONS, await self._latest(EXPERIMENT_DEFINITIONS)))
        files.append(write_records(self._directory / names.SEGMENTS, await self._latest(SEGMENT_DEFINITIONS)))
        files += self._policy()
        manifest = Manifest(
            FORMAT,
            version("harmonia"),
            render_time(began),
            render_time(_now()),
            render_time(complete_until),
            self._settings.partitions,
            max(followed.generation for followed in self._followed),
            identity_of(self._settings),
            contacts,
            [followed.offset or 0 for followed in self._followed],
            rest.ends,
            files,
        )
        write_manifest(self._directory, manifest)
        return manifest

    async def _latest(self, topic: str) -> Iterator[Record]:
        """The latest records of the first partition; all partitions of such a topic say the same."""
        latest = {record.key: record for record in await self._all(topic)}
        return (record for record in latest.values() if record.value is not None)

    async def _all(self, topic: str) -> list[Record]:
        """Every record of the first partition, in its order."""
        place = TP(topic, 0)
        end = await self._seen.end_of(place)
        return [_record(record) async for record in self._records(place, None, end)]

    def _policy(self) -> list[FileEntry]:
        """The policy file, if one is set: the one that comes with Harmonia need not be kept."""
        if self._settings.policy is None:
            return []
        path = self._directory / names.POLICY
        with open_new(path) as file:
            file.write(self._settings.policy.read_bytes())
        return [FileEntry(path.name, 1, path.stat().st_size, sha256_of(path))]


def erasure_in(record: KafkaRecord) -> tuple[str, int, CanonicalId] | None:
    """Node, version and canonical id in a record of `contact-roofs` that tells of an erasure; None: it tells none."""
    read, number = read_canonical_id(record.key, record.value), version_of(record)
    if isinstance(read, Refusal) or number is None or read[1] is None or read[1].erased is None:
        return None
    return read[0], number, read[1]


def _record(record: KafkaRecord) -> Record:
    return Record(record.partition, record.key, record.value, tuple(record.headers))


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise BackupError(f"{directory} is not empty: name a new directory for each backup")
    except OSError as error:
        raise BackupError(f"{directory} cannot be written to: {error.strerror}") from error


def _now() -> int:
    return time.time_ns() // 1_000_000
