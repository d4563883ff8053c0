"""The demo's own clients of the servers, as any outsider would have them."""

import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from kafka import KafkaConsumer, KafkaProducer
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from events.contact import Contact
from events.identifiers import Hasher
from events.topics import INPUT_TOPICS, OUTPUT_TOPICS
from streams.demo.progress import Observer
from streams.demo.truth import ContactFields
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.settings import Settings
from streams.platform.topics import create_topics


@dataclass(frozen=True, slots=True)
class Deployment:
    """Clients of one deployment; `consumer` is for one thread at a time."""

    settings: Settings
    producer: KafkaProducer
    consumer: KafkaConsumer
    redis: Redis
    observer: Observer
    hasher: Hasher

    def identify(self, contact: ContactFields) -> str:
        """The contact_id of a contact as a producer writes it."""
        fragment = self.hasher.fragment(Contact.model_validate(contact))
        if fragment is None:
            raise ValueError("the script holds a contact without an identifier")
        return fragment

    def records(self) -> int:
        """How many records the public topics hold."""
        return sum(self.observer.ends([topic.name for topic in (*INPUT_TOPICS, *OUTPUT_TOPICS)]).values())


@contextmanager
def open_deployment(settings: Settings) -> Iterator[Deployment]:
    """Make what topics are missing, connect, and close again at the end."""
    kafka = KafkaClients(settings)
    admin = kafka.admin()
    create_topics(admin, settings)
    admin.close()
    producer, consumer, redis = kafka.tool_producer(), kafka.tool_consumer(), tool_redis(settings)
    observer = Observer(kafka, redis, settings.app_id)
    try:
        hasher = settings.hasher
        yield Deployment(settings, producer, consumer, redis, observer, hasher)
    finally:
        for client in (producer, consumer, observer, redis):
            client.close()


def counted(addresses: Sequence[str], metric: str) -> int:
    """A counter over all workers, from their /metrics."""
    total = 0.0
    for address in addresses:
        with urllib.request.urlopen(address, timeout=5) as response:  # nosec B310 # what a worker has said of itself
            for family in text_string_to_metric_families(response.read().decode()):
                total += sum(sample.value for sample in family.samples if sample.name == metric)
    return int(total)
