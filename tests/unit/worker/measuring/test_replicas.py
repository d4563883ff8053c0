import pytest
from kafka.errors import KafkaTimeoutError
from prometheus_client import CollectorRegistry

from streams.domain.replication import PartitionReplicas, TopicReplicas
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.worker.measuring import replicas
from streams.worker.measuring.replicas import ReplicasMonitor
from streams.worker.metrics import OperationsMetrics

SHORT = TopicReplicas("interactions", [PartitionReplicas(0, 1, (1, 2, 3), (1,)), PartitionReplicas(1, 1, (1,), (1,))])


async def test_partitions_short_of_copies_are_counted_and_the_last_count_stays_while_no_broker_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, registry = Settings(), CollectorRegistry()
    monitor = ReplicasMonitor(KafkaClients(settings), settings, OperationsMetrics(registry))

    def away(*_: object) -> list[TopicReplicas]:
        raise KafkaTimeoutError

    for answer in (lambda *_: [SHORT], away):
        monkeypatch.setattr(replicas, "described_partitions", answer)
        await monitor._look_at_replicas()
        assert registry.get_sample_value("harmonia_kafka_under_replicated_partitions") == 1
