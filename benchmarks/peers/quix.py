"""The job on Quix Streams, with its RocksDB state, a changelog and an output topic; the first word is its guarantee."""

import sys
from typing import cast

import orjson
from quixstreams import Application, State
from quixstreams.app import ProcessingGuarantee

from benchmarks.peers.job import Job, Progress, fold, wait_for_the_end


def build_app(job: Job, guarantee: ProcessingGuarantee, progress: Progress) -> Application:
    """An application for the job. Values are parsed by orjson, faster than by its own deserialiser."""
    app = Application(
        broker_address=job.bootstrap,
        consumer_group=job.name,
        auto_offset_reset="earliest",
        state_dir=job.directory,
        processing_guarantee=guarantee,
        loglevel="WARNING",
        producer_extra_config={"compression.type": "zstd", "linger.ms": 20, "enable.idempotence": True},
        consumer_extra_config={"isolation.level": "read_committed"},
    )

    def fold_event(value: bytes, state: State) -> bytes:
        event = orjson.loads(value)
        folded = fold(state.get("state") or {}, event["type"], event["occurred_at"])
        state.set("state", folded)
        progress.add()
        return orjson.dumps(folded)

    source = app.topic(job.source, value_deserializer="bytes", key_deserializer="bytes")
    output = app.topic(job.output, value_serializer="bytes", key_serializer="bytes")
    app.dataframe(source).apply(fold_event, stateful=True).to_topic(output)
    return app


def main() -> None:
    """Run to the job's last event; its checkpoint is written at the end."""
    guarantee = cast(ProcessingGuarantee, sys.argv.pop(1))
    job = Job.told()
    progress = Progress(job)
    build_app(job, guarantee, progress).run(count=job.events)
    progress.done()
    wait_for_the_end()


if __name__ == "__main__":
    main()
