"""Nothing is switched to what the workers have not done themselves: they would take it for copies, and not count it."""

import pytest
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from events.topics import INTERACTIONS
from streams.history.rebuild.builder import Positions
from streams.history.rebuild.switch import require_caught_up
from streams.local.stack import Stack
from streams.operations.backup.record_files import BackupError
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics
from tests.integration.said import fresh
from tests.integration.system import settings_of
from tests.unit.history.lake.topic_records import topic_record


def test_a_lake_that_was_ahead_of_the_workers_is_waited_for(stack: Stack) -> None:
    settings = settings_of(stack).model_copy(update={"app_id": fresh()})
    kafka = KafkaClients(settings)
    admin, producer = kafka.admin(), kafka.tool_producer()
    create_topics(admin, settings)
    admin.close()
    record = topic_record(0, "donation.made")
    sent = [producer.send(INTERACTIONS, record.value, record.key, partition=0).get(30).offset for _ in range(3)]
    producer.close()
    built = Positions(kafka.topic_id(INTERACTIONS), [sent[-1] + 1] + [0] * (settings.partitions - 1))

    workers_come_to(settings, sent[1])
    with pytest.raises(BackupError, match=r"^\d+ interactions are in what was built.*Start the workers"):
        require_caught_up(settings, built)
    workers_come_to(settings, sent[-1] + 1)
    require_caught_up(settings, built)


def workers_come_to(settings: Settings, offset: int) -> None:
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka_brokers, group_id=settings.app_id, enable_auto_commit=False
    )
    place = TopicPartition(INTERACTIONS, 0)
    consumer.assign([place])
    consumer.commit({place: OffsetAndMetadata(offset, "", -1)})
    consumer.close()
