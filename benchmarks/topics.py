"""Topics for one run, made and removed again so that the broker's disk does not fill up over many runs."""

import time
from collections.abc import Mapping

from kafka.admin import NewTopic

from streams.platform.clients import KafkaClients

_WAIT_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.05


def make_topic(kafka: KafkaClients, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
    """Make a topic, and return when the broker knows of it."""
    admin = kafka.admin()
    try:
        admin.create_topics([NewTopic(name, partitions, 1, topic_configs=dict(config or {}))])
        deadline = time.monotonic() + _WAIT_SECONDS
        while len(admin.describe_topics([name])[0]["partitions"]) != partitions:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the broker does not know of the new topic {name}")
            time.sleep(_LOOK_AGAIN_SECONDS)  # the broker tells nobody
    finally:
        admin.close()


def remove_topics(kafka: KafkaClients, prefix: str) -> None:
    """Remove every topic whose name begins so."""
    admin = kafka.admin()
    try:
        names = [name for name in admin.list_topics() if name.startswith(prefix)]
        if names:
            admin.delete_topics(names)
    finally:
        admin.close()
