"""`python -m benchmarks.pipeline.restoring DIR`: takes over every partition of the contacts with an empty store.

A process of its own, so that its CPU and memory are those of the take-over and of nothing else. It opens the
partitions as a worker's table does: a few at once, each fenced and then read to its end. Prints one line of JSON.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from faust.types import TP

from streams.domain.contact import ContactState, decode, encode
from streams.engine import transport
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.garbage_collector import collect_rarely
from streams.engine.rocksdb_store import RocksStores
from streams.engine.store import OpenStore
from streams.engine.store_restore import RESTORED_AT_ONCE
from streams.engine.table_partition import Changelog, TablePartition
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import CONTACTS_TABLE, changelog_name


@dataclass(frozen=True, slots=True)
class Restored:
    """What a take-over read and used; `peak_bytes` is the process's largest resident size."""

    records: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


async def restore(settings: Settings, open_store: OpenStore) -> Restored:
    """Take over all partitions, as many at once as a table does."""
    kafka = KafkaClients(settings)
    topic = changelog_name(settings, CONTACTS_TABLE)
    topic_id = kafka.topic_id(topic)
    began, used = time.monotonic(), time.process_time()
    partitions = [
        TablePartition(
            kafka,
            States(open_store(CONTACTS_TABLE, number), Codec(encode, decode), RecentStates(0)),
            Changelog(TP(topic, number), topic_id, f"{settings.app_id}-{CONTACTS_TABLE}-{number}"),
            lambda _: None,
        )
        for number in range(settings.partitions)
    ]
    try:
        async with asyncio.TaskGroup() as group:
            in_turn = asyncio.Semaphore(RESTORED_AT_ONCE)
            opened = [group.create_task(_open(partition, in_turn)) for partition in partitions]
        wall, cpu = time.monotonic() - began, time.process_time() - used
    finally:
        for partition in partitions:
            await partition.close()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Restored(sum(task.result() for task in opened), wall, cpu, kilobytes * 1024)


async def _open(partition: TablePartition[ContactState], in_turn: asyncio.Semaphore) -> int:
    async with in_turn:
        return await partition.open()


if __name__ == "__main__":
    transport.register()
    collect_rarely()
    found = asyncio.run(restore(Settings(), RocksStores(Path(sys.argv[1]))))
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
