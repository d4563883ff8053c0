"""What tests of the engine do with a broker: topics of their own, and a look at what is really in them."""

import time
from collections.abc import Iterable, Sequence
from uuid import uuid4

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.types import TP
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminPartition
from kafka.admin import NewTopic

from streams.engine.changelog import PartitionReader
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Outbox, Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

_ROOM = {"max.message.bytes": str(8 << 20)}
LONGEST_S = 30.0
"""That a broker takes to know of a new topic, with others at work beside it."""


class Cluster:
    """A broker, through the clients that the engine uses."""

    def __init__(self, bootstrap: str) -> None:
        self.kafka = KafkaClients(Settings(kafka_bootstrap=bootstrap, fetch_wait_ms=10))
        self._admin: KafkaAdminClient = self.kafka.admin()

    def close(self) -> None:
        self._admin.close()

    def make_partition(self, purpose: str) -> TP:
        """The only partition of a new topic."""
        return TP(self.make(purpose)[0], 0)

    def make(self, *purposes: str, partitions: int = 1) -> list[str]:
        """New topics, one for each purpose, with names that no other test has, now or ever."""
        names = [f"{purpose}-{uuid4().hex[:12]}" for purpose in purposes]
        self.remake(*names, partitions=partitions)
        return names

    def remake(self, *names: str, partitions: int = 1) -> None:
        """New topics of these names; returns when the broker knows of them."""
        self._admin.create_topics([NewTopic(name, partitions, 1, topic_configs=_ROOM) for name in names])
        given_up = time.monotonic() + LONGEST_S
        while time.monotonic() < given_up:
            if all(len(topic["partitions"]) == partitions for topic in self._admin.describe_topics(list(names))):
                return
        raise TimeoutError(f"no {names} on the broker")

    def topic_id(self, name: str) -> str:
        [described] = self._admin.describe_topics([name])
        return str(described["topic_id"])

    def delete(self, name: str) -> None:
        self._admin.delete_topics([name])

    def delete_before(self, tp: TP, offset: int) -> None:
        """Let the broker forget the records below an offset, as retention does."""
        self._admin.delete_records({AdminPartition(*tp): offset})

    async def put(self, tp: TP, values: Iterable[bytes]) -> None:
        """Append records with these values, each under its number as key."""
        outbox = Outbox(self.kafka)
        await outbox.write([Output(*tp, b"%d" % number, value) for number, value in enumerate(values)])
        await outbox.stop()

    async def write(self, writer: TransactionWriter, outputs: Iterable[Output]) -> dict[TP, int]:
        """One transaction; returns its ends when readers see it, a little after the broker has said that it is done."""
        ends = await writer.write(outputs)
        await writer.until_marked()
        return ends

    async def committed(self, tp: TP) -> Sequence[KafkaRecord]:
        """What readers see that read committed records only."""
        async with PartitionReader(self.kafka) as reader:
            start, end = await reader.start_of(tp), await reader.end_of(tp)
            return [record async for run in reader.runs(tp, start, end) for record in run.records]

    async def everything(self, tp: TP) -> Sequence[ConsumerRecord]:
        """What is in the log, also of transactions that were aborted or are open."""
        bootstrap = self.kafka._shared["bootstrap_servers"]
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=10)
        partition = TopicPartition(*tp)
        consumer.assign([partition])
        await consumer.start()
        try:
            end = (await consumer.end_offsets([partition]))[partition]
            records: list[ConsumerRecord] = []
            while await consumer.position(partition) < end:
                records += (await consumer.getmany(partition, timeout_ms=100)).get(partition, [])
            return records
        finally:
            await consumer.stop()
