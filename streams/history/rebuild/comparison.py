"""Compares the profiles that a switch would publish with the published ones, of all contacts."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
from faust.types import TP

from events.topics import CONTACT_LINKS, CONTACT_STATE, INTERACTIONS
from streams.engine.changelog import PartitionReader
from streams.engine.rocksdb_store import RocksStores
from streams.engine.runs import KafkaRecord
from streams.engine.store import Position, Store
from streams.engine.write_back import WriteBackStores
from streams.history.rebuild.builder import Positions, read_positions
from streams.history.rebuild.profile_diff import Comparison, Profile, ProfileComparer, changed_people
from streams.history.rebuild.topic_tail import keys_after
from streams.operations.backup.manifest import read_manifest, require_identity, require_whole
from streams.operations.backup.restore import HELD_BACK_BYTES, RestorePlan, contact_records, generation_builder
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.worker.agents.sinks.redis_sink import change_of, link_of

_HERE = Position("", 0, 0)
_AT_ONCE = 1_000
_RUNNING, _BUILT = b"r", b"b"


async def compare(settings: Settings, directory: Path, samples: int) -> Comparison:
    """Compare what was built with the running state. Raises `BackupError` and Kafka's errors."""
    manifest, positions = read_manifest(directory), read_positions(directory)
    require_identity(manifest, settings)
    require_whole(directory, manifest)
    settings = settings.model_copy(update={"partitions": manifest.partitions})
    work = Path(tempfile.mkdtemp(prefix="harmonia-compare-"))
    try:
        states = _BothStates(settings, work)
        try:
            await states.read_running()
            states.read_built(RestorePlan(directory, manifest, manifest.generation + 1))
            return states.compared(await _recent_keys(settings, positions), samples)
        finally:
            states.close()
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _BothStates:
    """Profiles and links of the running and the built state, in stores on disk as large as all profiles."""

    def __init__(self, settings: Settings, work: Path) -> None:
        self._settings = settings
        self._work = work
        stores = WriteBackStores(RocksStores(work), HELD_BACK_BYTES)
        self._profiles: Store = stores("profiles", 0)
        self._links: Store = stores("links", 0)

    async def read_running(self) -> None:
        """Read what is published. Profiles first: whatever they contain is in `interactions` when that is read."""
        async for record in self._records(CONTACT_STATE):
            if (change := change_of(record)) is not None:
                self._profiles.write({_RUNNING + change.contact_id.encode(): change.profile}, _HERE)
        async for record in self._records(CONTACT_LINKS):
            if (link := link_of(record)) is not None:
                into = None if link.merged_into is None else link.merged_into.encode()
                self._links.write({_RUNNING + link.contact_id.encode(): into}, _HERE)

    def read_built(self, plan: RestorePlan) -> None:
        remaking = generation_builder(self._settings, plan, self._work)
        try:
            for record in contact_records(plan):
                remaking.take(record.partition, record.key or b"", record.value or b"")
            for output in remaking.outputs():
                if output.topic == CONTACT_STATE:
                    self._profiles.write({_BUILT + (output.key or b""): output.value}, _HERE)
                elif output.topic == CONTACT_LINKS and output.value is not None:
                    into = str(orjson.loads(output.value)["merged_into"]).encode()
                    self._links.write({_BUILT + (output.key or b""): into}, _HERE)
        finally:
            remaking.close()

    def compared(self, touched: set[str], samples: int) -> Comparison:
        have_moved, comparing = changed_people(touched, self._pairs), ProfileComparer(samples)
        for name, before, after in self._both():
            has_moved = name in have_moved or not have_moved.isdisjoint(_absorbed(before) | _absorbed(after))
            comparing.take(name, before, after, has_moved=has_moved)
        return comparing.found()

    def close(self) -> None:
        self._profiles.close()
        self._links.close()

    def _both(self) -> Iterator[tuple[str, Profile | None, Profile | None]]:
        for world, key in self._keys():
            name = key.decode()
            if world == _BUILT:
                yield name, self._profile(_RUNNING + key), self._profile(_BUILT + key)
            elif self._profiles.get(_BUILT + key) is None:
                yield name, self._profile(_RUNNING + key), None

    def _keys(self) -> Iterator[tuple[bytes, bytes]]:
        last = b""
        while found := self._profiles.following(last, _AT_ONCE):
            yield from ((key[:1], key[1:]) for key, _ in found)
            last = found[-1][0]

    def _profile(self, key: bytes) -> Profile | None:
        found = self._profiles.get(key)
        profile: Profile | None = None if found is None else orjson.loads(found)
        return profile

    def _pairs(self) -> Iterator[tuple[str, str]]:
        return ((key[1:].decode(), into.decode()) for key, into in self._links.items())

    async def _records(self, topic: str) -> AsyncIterator[KafkaRecord]:
        async with PartitionReader(KafkaClients(self._settings)) as reader:
            for number in range(self._settings.partitions):
                place = TP(topic, number)
                end = await reader.end_of(place)
                async for run in reader.runs(place, await reader.start_of(place), end):
                    for record in run.records:
                        yield record


async def _recent_keys(settings: Settings, positions: Positions) -> set[str]:
    """Fragments with interactions after what was built, or after what the workers have folded, if that is less."""
    done = await asyncio.to_thread(KafkaClients(settings).committed_by, settings.app_id)
    found = set[str]()
    begins = [min(folded, done.get((INTERACTIONS, number), folded)) for number, folded in enumerate(positions.folded)]
    await keys_after(settings, begins, found.add)
    return found


def _absorbed(profile: Profile | None) -> set[str]:
    return set() if profile is None else set(profile.get("merged_from", ()))
