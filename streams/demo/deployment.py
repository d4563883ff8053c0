"""The demo's connections to the deployment under test, and whether its agents have handled all they sent each other."""

import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaTimeoutError, TopicAlreadyExistsError
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from events.contact import Contact
from events.identifiers import Hasher
from events.topics import INPUT_TOPICS, INTERNAL_TOPICS, OUTPUT_TOPICS, SEGMENT_WORK
from streams.demo.progress import Observer
from streams.demo.truth import ContactFields
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.errors import MissingTopic
from streams.platform.settings import Settings
from streams.platform.topics import create_topics
from streams.worker.agents.segments.records import TICK


@dataclass(frozen=True, slots=True)
class Deployment:
    """Kafka and Redis clients of one deployment; `consumer` is for one thread at a time."""

    settings: Settings
    producer: KafkaProducer
    consumer: KafkaConsumer
    redis: Redis
    observer: Observer
    hasher: Hasher

    def identify(self, contact: ContactFields) -> str:
        """The contact_id of a contact that is written as a producer writes it."""
        fragment = self.hasher.fragment(Contact.model_validate(contact))
        if fragment is None:
            raise ValueError("the script holds a contact without an identifier")
        return fragment

    def records(self) -> int:
        """How many records the public topics hold together."""
        return sum(self.observer.ends([topic.name for topic in (*INPUT_TOPICS, *OUTPUT_TOPICS)]).values())


_TOPICS_WITHIN_S = 120.0


@contextmanager
def open_deployment(settings: Settings) -> Iterator[Deployment]:
    """Clients of a deployment for the length of a block; topics that are missing are made."""
    kafka = KafkaClients(settings)
    _make_topics(kafka, settings)
    producer, consumer, redis = kafka.tool_producer(), kafka.tool_consumer(), tool_redis(settings)
    observer = Observer(kafka, redis, settings.app_id)
    try:
        hasher = settings.hasher
        yield Deployment(settings, producer, consumer, redis, observer, hasher)
    finally:
        for client in (producer, consumer, observer, redis):
            client.close()


def _make_topics(kafka: KafkaClients, settings: Settings) -> None:
    """Make the topics that are missing; a broker that a busy machine keeps from answering is asked again."""
    given_up = time.monotonic() + _TOPICS_WITHIN_S
    while True:
        admin = kafka.admin()
        try:
            create_topics(admin, settings)
            return
        except (KafkaTimeoutError, TopicAlreadyExistsError, MissingTopic):  # it may be making them still
            if time.monotonic() > given_up:
                raise
        finally:
            admin.close()


def counted(addresses: Sequence[str], metric: str, **labels: str) -> int:
    """The sum of one counter over all workers, of those with these labels, read from their /metrics."""
    total = 0.0
    for address in addresses:
        with urllib.request.urlopen(address, timeout=5) as response:  # nosec B310 # what a worker has said of itself
            for family in text_string_to_metric_families(response.read().decode()):
                total += sum(
                    sample.value
                    for sample in family.samples
                    if sample.name == metric and labels.items() <= sample.labels.items()
                )
    return int(total)


_POLL_MS = 200


def internal_topics_are_drained(deployment: Deployment) -> bool:
    """Whether the consumer group has handled every record of the internal topics.

    A partition may end with transaction markers, which nobody handles and no commit passes. So what is left behind the
    commits is read, not counted: an offset more or less would be a canonical id that is missing. Ticks, by which time
    goes on where there are segments, come all the time and are no work that is left.
    """
    # In this order: a record that is not handled yet may cause more of them, and those come after the ends.
    consumer, done = deployment.consumer, deployment.observer.committed()
    ends = deployment.observer.ends(topic.name for topic in INTERNAL_TOPICS)
    left = {tp: done.get(tp, 0) for tp, end in ends.items() if done.get(tp, 0) < end}
    if not left:
        return True
    consumer.assign(list(left))
    for tp, offset in left.items():
        consumer.seek(tp, offset)
    while any(consumer.position(tp) < ends[tp] for tp in left):
        for records in consumer.poll(timeout_ms=_POLL_MS, max_records=1).values():
            if any((record.topic, record.key) != (SEGMENT_WORK, TICK) for record in records):
                return False
    return True
