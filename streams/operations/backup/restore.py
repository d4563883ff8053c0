"""Restores a backup: writes its records, and everything that follows from them, to brokers that have none of it."""

import asyncio
import shutil
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faust.types import TP

from events.identity_links import CanonicalId, read_canonical_id
from events.refusal import Refusal
from events.topics import (
    CAMPAIGN_HOLDS,
    CAMPAIGN_TRANSPARENCY,
    EXPERIMENT_DEFINITIONS,
    INTERACTIONS,
    RIGHTS_REQUESTS,
    SEGMENT_DEFINITIONS,
)
from sinks.keys import partition_of
from streams.domain.experiments.definition_records import missing_definitions
from streams.domain.formats import Unreadable
from streams.engine.changelog import PartitionReader
from streams.engine.decoded_states import BESIDE
from streams.engine.retry import retried
from streams.engine.rocksdb_store import RocksStores
from streams.engine.table_partition import watermark_key, write_watermark
from streams.engine.write_back import WriteBackStores
from streams.engine.writer import Outbox, Output
from streams.operations.backup import manifest as names
from streams.operations.backup.manifest import Manifest
from streams.operations.backup.new_generation import GenerationBuilder, GenerationTarget, LaterErasure
from streams.operations.backup.record_files import BackupError, Record, read_records
from streams.operations.backup.target_topics import make_room, open_for_workers
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import CONTACTS_TABLE, LINKS_TABLE, changelog_name
from streams.worker.agents.contacts.identity_changes import version_in
from streams.worker.agents.experiments.backfill import recount_record
from streams.worker.agents.segments.registry import restored_segments

OUTPUTS_AT_ONCE = 2_000
BYTES_AT_ONCE = 8 << 20
HELD_BACK_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What to restore: which backup, as which generation, and who was erased since.

    `replace`: in place of the state that it is a backup of.
    """

    directory: Path
    manifest: Manifest
    generation: int
    forgotten: Sequence[LaterErasure] = ()
    replace: bool = False


async def restore_backup(settings: Settings, plan: RestorePlan) -> int:
    """Write everything as `settings.partitions` partitions; returns how many fragments there were.

    Raises `BackupError` or Kafka's errors; what is half written keeps workers from starting, and is written anew with
    `replace`.
    """
    await asyncio.to_thread(make_room, settings, plan.manifest, replace=plan.replace)
    work = Path(tempfile.mkdtemp(prefix="harmonia-restore-"))
    outbox = Outbox(KafkaClients(settings))
    try:
        restoring = _Restoring(settings, plan, outbox)
        remaking = generation_builder(settings, plan, work)
        try:
            await restoring.write_tables(remaking)
        finally:
            remaking.close()
        await restoring.write_what_waits()
    except Unreadable as error:
        raise BackupError(f"{plan.directory}: {error}; it was taken by Harmonia {plan.manifest.software}") from error
    finally:
        await outbox.stop()
        shutil.rmtree(work, ignore_errors=True)
    await asyncio.to_thread(open_for_workers, settings)
    return remaking.contacts


def generation_builder(settings: Settings, plan: RestorePlan, work: Path) -> GenerationBuilder:
    """The builder of a restore's generation; `work`: a folder for its stores. To be closed."""
    contacts, links = changelog_name(settings, CONTACTS_TABLE), changelog_name(settings, LINKS_TABLE)
    before, crowd = plan.manifest.partitions, settings.identity_crowd
    target = GenerationTarget(contacts, links, settings.partitions, before, plan.generation, crowd)
    inflight: dict[str, list[tuple[int, CanonicalId]]] = {}
    for node, version, roof in _erasures(read_records(plan.directory / names.ERASURES)):
        inflight.setdefault(node, []).append((version, roof))
    return GenerationBuilder(WriteBackStores(RocksStores(work), HELD_BACK_BYTES), target, inflight, plan.forgotten)


def contact_records(plan: RestorePlan) -> Iterator[Record]:
    """Every record of a backup's contacts."""
    for number in range(plan.manifest.partitions):
        yield from read_records(plan.directory / names.contacts_file(number))


class _Restoring:
    def __init__(self, settings: Settings, plan: RestorePlan, outbox: Outbox) -> None:
        self._settings = settings
        self._plan = plan
        self._directory = plan.directory
        self._partitions_before = plan.manifest.partitions
        self._outbox = outbox
        self._contacts = changelog_name(settings, CONTACTS_TABLE)

    async def write_tables(self, remaking: GenerationBuilder) -> None:
        """Write changelogs, profiles, links, closed channels, watermarks, and the command to count experiments again.

        What people have added to experiments is not kept, so sums begin anew.
        """
        for record in contact_records(self._plan):
            remaking.take(record.partition, record.key or b"", record.value or b"")
        await self._write(remaking.outputs())
        await self._write(await self._interactions_watermarks())
        await self._write(map(recount_record, range(self._settings.partitions)))

    async def write_what_waits(self) -> None:
        """Write what was not folded yet, campaigns on hold, requests, who pays for ads, and what is defined."""
        for number in range(self._partitions_before):
            await self._write(map(self._interaction, read_records(self._directory / names.interactions_file(number))))
        holds = not_superseded(read_records(self._directory / names.HOLDS), await self._latest(CAMPAIGN_HOLDS, 0))
        await self._write(Output(CAMPAIGN_HOLDS, 0, each.key, each.value, each.headers) for each in holds)
        steps = not_superseded(read_records(self._directory / names.RIGHTS), await self._latest(RIGHTS_REQUESTS, 0))
        await self._write(Output(RIGHTS_REQUESTS, 0, each.key, each.value, each.headers) for each in steps)
        said = not_said(read_records(self._directory / names.TRANSPARENCY), await self._values(CAMPAIGN_TRANSPARENCY))
        await self._write(Output(CAMPAIGN_TRANSPARENCY, 0, each.key, each.value, each.headers) for each in said)
        await self._write_definitions(EXPERIMENT_DEFINITIONS, names.DEFINITIONS)
        await self._write_definitions(SEGMENT_DEFINITIONS, names.SEGMENTS)
        for number in range(self._settings.partitions):
            await self._write(await self._segments(number))

    async def _write_definitions(self, topic: str, file: str) -> None:
        """Write the backup's definitions unless there are newer ones, to every partition.

        The first partition comes last, as when they are defined: what is in it, all others have.
        """
        since = await self._latest(topic, 0)
        kept = not_superseded(read_records(self._directory / file), since)
        wanted = {each.key or b"": each.value for each in kept} | since
        for number in reversed(range(self._settings.partitions)):
            there = await self._latest(topic, number)
            more = missing_definitions(wanted, there)
            await self._write(Output(topic, number, key, value) for key, value in more)

    async def _segments(self, number: int) -> list[Output]:
        """What a partition of the table knows of segments: all definitions that there are, and nobody's memberships.

        These are not kept, so everybody is judged anew. Workers of the version before read the same from it.
        """
        place = TP(SEGMENT_DEFINITIONS, number)
        latest, end = await self._read(place)
        kept = restored_segments({key.decode(errors="replace"): value for key, value in latest.items()})
        beside = [Output(self._contacts, number, BESIDE + key, value) for key, value in kept.items()]
        return [*beside, *await self._watermarks({place: end})]

    async def _latest(self, topic: str, number: int) -> dict[bytes, bytes | None]:
        """The latest values in a partition by key: newer than the backup, whatever they are."""
        return (await self._read(TP(topic, number)))[0]

    async def _read(self, place: TP) -> tuple[dict[bytes, bytes | None], int]:
        """The latest values in a partition by key, and up to where that was read."""
        latest: dict[bytes, bytes | None] = {}
        async with PartitionReader(KafkaClients(self._settings)) as reader:
            read = await reader.start_of(place)
            async for run in reader.runs(place, read, await reader.end_of(place)):
                latest |= {record.key or b"": record.value for record in run.records}
                read = run.next_offset
        return latest, read

    async def _values(self, topic: str) -> set[bytes | None]:
        """Every value in the first partition, superseded ones too."""
        place = TP(topic, 0)
        async with PartitionReader(KafkaClients(self._settings)) as reader:
            runs = reader.runs(place, await reader.start_of(place), await reader.end_of(place))
            return {record.value async for run in runs for record in run.records}

    async def _interactions_watermarks(self) -> list[Output]:
        """Watermarks at the end of `interactions`: where it was kept, all of it is in the states."""
        places = [TP(INTERACTIONS, number) for number in range(self._settings.partitions)]
        return await self._watermarks(await self._ends(places))

    async def _watermarks(self, ends: Mapping[TP, int]) -> list[Output]:
        """Watermarks that say of these partitions that they are folded up to there."""
        clients = KafkaClients(self._settings)
        ids = {topic: await asyncio.to_thread(clients.topic_id, topic) for topic in {place.topic for place in ends}}
        return [
            Output(self._contacts, place.partition, watermark_key(place), write_watermark(end - 1, ids[place.topic]))
            for place, end in ends.items()
            if end
        ]

    async def _ends(self, places: Sequence[TP]) -> dict[TP, int]:
        async with PartitionReader(KafkaClients(self._settings)) as reader:
            return await reader.ends_of(places)

    def _interaction(self, record: Record) -> Output:
        key = (record.key or b"").decode(errors="replace")
        number = partition_of(key, self._settings.partitions)
        return Output(INTERACTIONS, number, record.key, record.value, record.headers)

    async def _write(self, outputs: Iterable[Output]) -> None:
        for batch in _batches(outputs):
            await retried(lambda batch=batch: self._outbox.write(batch), "restoring: writing")  # type: ignore[misc]


def _erasures(records: Iterable[Record]) -> Iterator[tuple[str, int, CanonicalId]]:
    for record in records:
        read = read_canonical_id(record.key, record.value)
        version = version_in(record.headers)
        if not isinstance(read, Refusal) and read[1] is not None and version is not None:
            yield read[0], version, read[1]


def not_superseded(holds: Iterable[Record], keys: Container[bytes | None]) -> Iterator[Record]:
    """Records of a backup about whose campaign, step or experiment nothing newer has been written.

    A newer one, also by a restore that was cut short, must not drop all others.
    """
    return (each for each in holds if each.key not in keys)


def not_said(records: Iterable[Record], values: Container[bytes | None]) -> Iterator[Record]:
    """Records of a backup that are not there yet: each says when it was written, so order is nothing to them."""
    return (each for each in records if each.value not in values)


def _batches(outputs: Iterable[Output]) -> Iterator[list[Output]]:
    batch: list[Output] = []
    size = 0
    for output in outputs:
        batch.append(output)
        size += len(output.value or b"")
        if len(batch) == OUTPUTS_AT_ONCE or size > BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
