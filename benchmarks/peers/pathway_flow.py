"""The job on Pathway: its own reducers over parsed JSON, with snapshots on the local disk, at least once.

The state is a row of sums and a maximum, since its reducers are compiled and a fold in Python is not. It has no
transactions, so what is counted twice after a crash is the reader's to notice.
"""

import threading
from concurrent.futures import Future
from typing import Any

import pathway as pw
from confluent_kafka import Consumer, TopicPartition

from benchmarks.peers.job import KINDS, LAST, Job, Progress, wait_for_the_end

_LOOK_AGAIN_S, _ANSWER_S = 0.1, 5.0
_STILL = 5
"""So many looks at the output without a new record, once the last batch has begun to come: its end says nothing."""


class Event(pw.Schema):  # type: ignore[misc] # it has types of its own
    """What the job needs of an event."""

    contact_id: str
    type: str
    occurred_at: int


def build_flow(job: Job, progress: Progress, done: Future[int]) -> None:
    """Declare the job; `done` gets the time of the batch with which all events have been folded."""
    client = {"bootstrap.servers": job.bootstrap}
    reading = {**client, "group.id": job.name, "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
    events = pw.io.kafka.read(reading, job.source, schema=Event, format="json", autocommit_duration_ms=100, name="read")
    sums = {kind: pw.reducers.sum(pw.if_else(events.type == kind, 1, 0)) for kind in KINDS}
    states = events.groupby(events.contact_id).reduce(
        events.contact_id, **sums, **{LAST: pw.reducers.max(events.occurred_at)}
    )
    writing = {**client, "compression.type": "zstd", "linger.ms": "20", "enable.idempotence": "true"}
    pw.io.kafka.write(states, writing, job.output, format="json", key=states.contact_id)

    def count(*, row: dict[str, int], time: int, is_addition: bool, **_: Any) -> None:
        if is_addition:
            progress.add(row["events"] - progress.count)
            if progress.count == job.events:
                done.set_result(time)

    pw.io.subscribe(events.reduce(events=pw.reducers.count()), on_change=count)


def _wait_for_the_output(job: Job, last_batch: int) -> None:
    """Return once records of the last batch are in the output topic, and it stands still."""
    pause, ends, still = threading.Event(), dict[int, int](), 0
    client = Consumer({"bootstrap.servers": job.bootstrap, "group.id": f"{job.name}-look"})
    while still < _STILL:
        pause.wait(_LOOK_AGAIN_S)
        places = {number: TopicPartition(job.output, number) for number in range(job.partitions)}
        now = {number: client.get_watermark_offsets(place)[1] for number, place in places.items()}
        ends, still = now, still + 1 if now == ends and _has_come(client, job, now, last_batch) else 0
    client.close()


def _has_come(client: Consumer, job: Job, ends: dict[int, int], batch: int) -> bool:
    for number, end in ends.items():
        if end:
            client.assign([TopicPartition(job.output, number, end - 1)])
            record = client.poll(_ANSWER_S)
            if record is not None and dict(record.headers() or ()).get("pathway_time") == b"%d" % batch:
                return True
    return False


def main() -> None:
    """Run until the last event is folded and written; the process is then ended from outside."""
    job = Job.told()
    progress, done = Progress(job), Future[int]()
    build_flow(job, progress, done)
    snapshots = pw.persistence.Config(pw.persistence.Backend.filesystem(job.directory), snapshot_interval_ms=1_000)
    running = threading.Thread(
        target=pw.run,
        kwargs={"monitoring_level": pw.MonitoringLevel.NONE, "default_logging": False, "persistence_config": snapshots},
        daemon=True,
    )
    running.start()
    _wait_for_the_output(job, done.result())
    progress.done()
    wait_for_the_end()


if __name__ == "__main__":
    main()
