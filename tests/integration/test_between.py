"""A load is over when agents have handled what they tell each other, and not only what teams have said."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

from events.topics import IDENTITY_LINKS, INTERNAL_TOPICS
from streams.demo.deployment import Deployment, internal_topics_are_drained, open_deployment
from streams.local.stack import Stack
from tests.integration.system import settings_of

LINKS = TopicPartition(IDENTITY_LINKS, 0)


@pytest.fixture
def deployment(stack: Stack) -> Iterator[Deployment]:
    """Whose group has done all that other tests have left."""
    settings = settings_of(stack).model_copy(update={"app_id": f"between-{uuid4().hex[:8]}"})
    with open_deployment(settings) as opened:
        for tp, end in opened.observer.ends(topic.name for topic in INTERNAL_TOPICS).items():
            done(opened, tp, end)
        yield opened


def done(deployment: Deployment, tp: TopicPartition, offset: int) -> None:
    """The group commits that it has done what is below this offset."""
    servers, group = deployment.settings.kafka_brokers, deployment.settings.app_id
    consumer = KafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
    consumer.assign([tp])
    consumer.commit({tp: OffsetAndMetadata(offset, "", -1)})
    consumer.close()


def tell(deployment: Deployment) -> int:
    """One record of a transaction; returns its offset, which that of a marker follows."""
    servers = deployment.settings.kafka_brokers
    producer = KafkaProducer(bootstrap_servers=servers, transactional_id=uuid4().hex)
    producer.init_transactions()
    producer.begin_transaction()
    sent = producer.send(IDENTITY_LINKS, key=b"seen/one/another", value=None, partition=0)
    producer.commit_transaction()
    producer.close()
    return int(sent.get(timeout=60).offset)


def test_a_link_that_nobody_has_handled_is_between_and_the_marker_after_it_is_not(deployment: Deployment) -> None:
    assert internal_topics_are_drained(deployment)
    offset = tell(deployment)
    done(deployment, LINKS, offset)
    assert not internal_topics_are_drained(deployment)
    done(deployment, LINKS, offset + 1)
    assert internal_topics_are_drained(deployment)


def test_progress_moves_while_only_links_are_handled(deployment: Deployment) -> None:
    before = deployment.observer.progress()
    done(deployment, LINKS, tell(deployment) + 1)
    assert deployment.observer.progress().between > before.between
