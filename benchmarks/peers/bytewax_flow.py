"""The job on Bytewax: state in memory with snapshots on the local disk, since it knows no changelog topic."""

from pathlib import Path

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.peers.job import Job, Progress, State, fold, wait_for_the_end


def build_flow(job: Job, progress: Progress) -> Dataflow:
    """A dataflow for the job, that ends with the topic."""

    def fold_event(
        state: State | None, message: KafkaSourceMessage[bytes, bytes]
    ) -> tuple[State, KafkaSinkMessage[bytes, bytes]]:
        event = orjson.loads(message.value)
        folded = fold(state or {}, event["type"], event["occurred_at"])
        progress.add()
        return folded, KafkaSinkMessage(message.key, orjson.dumps(folded))

    flow = Dataflow("contacts")
    brokers = [job.bootstrap]
    read = op.input("read", flow, KafkaSource(brokers, [job.source], tail=False))
    keyed = op.key_on("key", read, lambda message: message.key.decode())
    folded = op.stateful_map("fold", keyed, fold_event)
    sink = KafkaSink(brokers, job.output, {"compression.type": "zstd", "enable.idempotence": "true"})
    op.output("write", op.key_rm("unkey", folded), sink)
    return flow


def main() -> None:
    """Run to the end of the topic."""
    job = Job.told()
    progress = Progress(job)
    snapshots = Path(job.directory)
    init_db_dir(snapshots, 1)
    cli_main(build_flow(job, progress), recovery_config=RecoveryConfig(snapshots))
    progress.done()
    wait_for_the_end()


if __name__ == "__main__":
    main()
