"""The job on the engine: what a user of `streams.engine` writes is the agent and the fold, here in plain code."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import faust
import msgspec

from benchmarks.peers.job import Job, Progress, State, fold
from benchmarks.topics import make_topic
from streams.engine.app import ChunkApp
from streams.engine.decoded_states import Codec, States, Storage
from streams.engine.garbage_collector import collect_rarely
from streams.engine.rocksdb_store import RocksStores
from streams.engine.runs import Records, Run
from streams.engine.table import Flow
from streams.engine.table_partition import Effects
from streams.engine.write_back import WriteBackStores
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

TABLE = "contacts"


class Event(msgspec.Struct, gc=False):
    """The part of an event that the fold needs."""

    type: str
    occurred_at: int


CHUNK_RECORDS = 4000
"""Four times the default, which is for profiles ten times as large as the states of this job."""

RECENT_BYTES = 64 << 20
"""As much as Kafka Streams has for its cache."""

_event = msgspec.json.Decoder(Event).decode
_state = Codec(msgspec.json.Encoder().encode, msgspec.json.Decoder(State).decode)


def fold_records(states: States[State], records: Records, output: str, partition: int) -> Effects[State]:
    """The new state of each contact that the records touch, for the changelog and for the output topic."""
    by_contact: dict[bytes, list[Event]] = defaultdict(list)
    for record in records:
        if record.key is not None and record.value is not None:
            by_contact[record.key].append(_event(record.value))
    held = states.get_many(by_contact)
    effects: Effects[State] = Effects()
    for key, events in by_contact.items():
        state = dict(held[key] or {})
        for event in events:
            fold(state, event.type, event.occurred_at)
        effects.changes[key] = state
        effects.encoded[key] = states.encode(state)
        effects.outputs.append(Output(output, partition, key, effects.encoded[key]))
    return effects


def build_app(job: Job, say_done: Callable[[], None], progress: Progress) -> ChunkApp:
    """A worker for the job; `say_done` is called when its last event is committed."""
    settings = _settings(job)
    app = ChunkApp(settings, KafkaClients(settings), lambda _: None)
    stores = WriteBackStores(RocksStores(settings.state_dir), RECENT_BYTES // 2)
    storage = Storage(stores, _state, RECENT_BYTES)
    table = app.chunk_table(TABLE, job.partitions, storage, Flow([job.source]), as_group=True)

    async def contacts(chunk: Run) -> None:
        partition = chunk.tp.partition
        await table.apply(chunk, lambda states, records: fold_records(states, records, job.output, partition))
        progress.add(len(chunk.records))
        if progress.count == job.events:
            say_done()

    app.handle("contacts", [job.source], contacts)
    return app


def _settings(job: Job) -> Settings:
    return Settings(
        kafka_bootstrap=job.bootstrap,
        app_id=job.name,
        partitions=job.partitions,
        state_dir=Path(job.directory),
        chunk_records=CHUNK_RECORDS,
    )


def main() -> None:
    """Run until killed."""
    job = Job.told()
    changelog = f"{job.name}-{TABLE}-changelog"
    make_topic(KafkaClients(_settings(job)), changelog, job.partitions, {"cleanup.policy": "compact"})
    progress = Progress(job)
    worker = faust.Worker(build_app(job, progress.done, progress), loglevel="WARNING", quiet=True)
    worker.spinner = None
    collect_rarely()
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
