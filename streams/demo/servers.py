"""The servers of one demo: those that it starts, or those that are given; and failures that name the right ones."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from kafka import TopicPartition
from kafka.errors import KafkaError
from redis.exceptions import RedisError
from rich.console import Console

from events.topics import INPUT_TOPICS, OUTPUT_TOPICS
from streams.demo.console import phase
from streams.local.stack import ExistingServers, Stack, local_stack, start, stop
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, KafkaAway
from streams.platform.servers import ENV_FILE
from streams.platform.settings import Settings, env_file_note


class ClusterNotEmpty(EngineError):
    """The cluster that was given holds records already, which the demo could not tell from its own."""


class OwnServerSilent(EngineError):
    """A server that the demo has started did not answer."""


def start_stack(home: Path, given: ExistingServers, keep: bool, console: Console, started: ExitStack) -> Stack:
    """Start the servers that are not given, anew; `keep`: they are stopped only after a failure."""
    stop(home, wipe=True)
    shutil.rmtree(home / "state", ignore_errors=True)
    with phase(console, "Starting Kafka and Redis") as shown:
        if not keep:
            return started.enter_context(local_stack(home, given, shown.become))
        stack = start(home, given, shown.become)
        started.callback(stop, home)
        return stack


def refuse_used_cluster(settings: Settings) -> None:
    """Raise `ClusterNotEmpty` where a topic of the cluster that settings name holds records.

    A cluster that no setting names is started by the demo, and is empty.
    """
    if ExistingServers.of(settings).kafka_bootstrap is None:
        return
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        there = consumer.topics() & {topic.name for topic in (*INPUT_TOPICS, *OUTPUT_TOPICS)}
        places = [TopicPartition(topic, each) for topic in there for each in consumer.partitions_for_topic(topic) or ()]
        if places and any(consumer.end_offsets(places).values()):
            raise ClusterNotEmpty(_not_empty(", ".join(settings.kafka_brokers)))


def _not_empty(address: str) -> str:
    note = env_file_note("KAFKA_BOOTSTRAP")
    cure = (
        f"take KAFKA_BOOTSTRAP and REDIS_URL out of {ENV_FILE} while it runs, or run it in a folder without that file"
        if note
        else "unset KAFKA_BOOTSTRAP and REDIS_URL for it"
    )
    return (
        f"the topics at {address}, which KAFKA_BOOTSTRAP names{note}, hold records already, and the demo could not "
        f"tell its own from those. {cure[0].upper()}{cure[1:]}: then it starts servers of its own"
    )


@contextmanager
def naming_own_servers(stack: Stack, given: ExistingServers, home: Path) -> Iterator[None]:
    """Have a failure of a server that the demo has started name that one: no setting does, so none is to blame.

    Raises `OwnServerSilent`; a failure of a server that settings name goes on as it is.
    """
    own_kafka, own_redis = stack.kafka_bootstrap != given.kafka_bootstrap, stack.redis_url != given.redis_url
    try:
        yield
    except (KafkaError, KafkaAway) as failure:
        if not own_kafka:
            raise
        raise OwnServerSilent(_silent("Kafka", stack.kafka_bootstrap, home / "kafka", failure)) from failure
    except RedisError as failure:
        if not own_redis:
            raise
        raise OwnServerSilent(_silent("Redis", urlsplit(stack.redis_url).netloc, home / "redis", failure)) from failure


def _silent(name: str, address: str, folder: Path, failure: Exception) -> str:
    return (
        f"{name}, which the demo started at {address}, did not do in time what was asked: {type(failure).__name__}. "
        f"Most often other programs keep this machine too busy: run the demo again with fewer of them. The log of "
        f"{name} is in {folder}"
    )
