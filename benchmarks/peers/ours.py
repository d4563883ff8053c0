"""The job on the engine: what a user of `streams.engine` writes is the agent and the fold, here in plain code."""

from collections.abc import Callable
from pathlib import Path

import faust
import msgspec
from faust.types import StreamT

from benchmarks.peers.job import Job, Progress, State, fold
from benchmarks.topics import make_topic
from streams.clients import KafkaClients
from streams.engine.app import ChunkApp
from streams.engine.partition import Effects
from streams.engine.rocks import RocksStores
from streams.engine.runs import Records, Run
from streams.engine.store import Store
from streams.engine.writer import Output
from streams.settings import Settings

TABLE = "contacts"


class Event(msgspec.Struct):
    """The part of an event that the fold needs."""

    type: str
    occurred_at: int


_event = msgspec.json.Decoder(Event).decode
_state = msgspec.json.Decoder(State).decode
_encode = msgspec.json.Encoder().encode


def fold_records(store: Store, records: Records, output: str, partition: int) -> Effects:
    """The new state of each contact that the records touch, for the changelog and for the output topic."""
    touched: dict[bytes, State] = {}
    for record in records:
        key, value = record.key, record.value
        if key is None or value is None:
            continue
        state = touched.get(key)
        if state is None:
            held = store.get(key)
            touched[key] = state = {} if held is None else _state(held)
        event = _event(value)
        fold(state, event.type, event.occurred_at)
    changes: dict[bytes, bytes | None] = {key: _encode(state) for key, state in touched.items()}
    return Effects(changes, [Output(output, partition, key, value) for key, value in changes.items()])


def build_app(job: Job, say_done: Callable[[], None], progress: Progress) -> ChunkApp:
    """A worker for the job; `say_done` is called when its last event is committed."""
    settings = _settings(job)
    app = ChunkApp(settings, KafkaClients(settings), lambda _: None)
    table = app.chunk_table(TABLE, job.source, job.partitions, RocksStores(settings.state_dir))

    async def contacts(chunk: Run) -> None:
        partition = chunk.tp.partition
        await table.owned(partition).apply(
            chunk, lambda store, records: fold_records(store, records, job.output, partition)
        )
        progress.add(len(chunk.records))
        if progress.count == job.events:
            say_done()

    async def hand_on(runs: StreamT[Run]) -> None:
        async for run in runs:
            app.lanes.submit(run, contacts)

    app.agent(app.topic(job.source, key_serializer="raw", value_serializer="raw"), name="contacts")(hand_on)
    return app


def _settings(job: Job) -> Settings:
    return Settings(
        kafka_bootstrap=job.bootstrap, app_id=job.name, partitions=job.partitions, state_dir=Path(job.directory)
    )


def main() -> None:
    """Run until killed."""
    job = Job.told()
    changelog = f"{job.name}-{TABLE}-changelog"
    make_topic(KafkaClients(_settings(job)), changelog, job.partitions, {"cleanup.policy": "compact"})
    progress = Progress(job)
    worker = faust.Worker(build_app(job, progress.done, progress), loglevel="WARNING", quiet=True)
    worker.spinner = None
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
