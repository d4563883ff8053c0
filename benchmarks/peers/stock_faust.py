"""The job on Faust as it comes: its own driver, a table in memory with its changelog, an output topic."""

import asyncio

import faust
import orjson
from faust.types import StreamT

from benchmarks.peers.job import Job, Progress, State, fold


def build_app(job: Job, progress: Progress) -> faust.App:
    """A worker for the job, that says so when its last event is committed and all it sent is acknowledged."""
    app = faust.App(
        job.name,
        broker=f"kafka://{job.bootstrap}",
        store="memory://",
        datadir=job.directory,
        topic_partitions=job.partitions,
        topic_replication_factor=1,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        producer_compression_type="zstd",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    source = app.topic(job.source, key_serializer="raw", value_serializer="raw")
    output = app.topic(job.output, key_serializer="raw", value_serializer="raw")
    table = app.Table("contacts", default=bytes, key_type=bytes, value_type=bytes, partitions=job.partitions)

    @app.agent(source, name="contacts")
    async def contacts(stream: StreamT[bytes]) -> None:
        async for key, value in stream.items():
            event = orjson.loads(value)
            held = table[key]
            state: State = orjson.loads(held) if held else {}
            table[key] = folded = orjson.dumps(fold(state, event["type"], event["occurred_at"]))
            await output.send(key=key, value=folded)
            progress.add()

    async def say_done() -> None:
        committed = app.monitor.tp_committed_offsets
        while sum(offset for tp, offset in committed.items() if tp.topic == job.source) < job.events:
            await asyncio.sleep(0.1)
            if progress.count == job.events:
                await app.consumer.commit()
        await app.producer.flush()
        progress.done()

    app.task(say_done)
    return app


def main() -> None:
    """Run until killed."""
    job = Job.told()
    worker = faust.Worker(build_app(job, Progress(job)), loglevel="WARNING", quiet=True)
    worker.spinner = None
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
