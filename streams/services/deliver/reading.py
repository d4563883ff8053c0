"""Reads what is stored of deliveries, for commands that look once, and asks to have an endpoint told once more."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from kafka import KafkaConsumer

from events.times import render_time
from events.topics import DELIVERIES, DELIVERY_LOG
from streams.domain.delivery.standing import Standing, decoded
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_between, records_of
from streams.services.deliver.journal import replay_key


class EndpointState(NamedTuple):
    """How far an endpoint is. `retried`: of `waiting`, those that failed at least once; `next_at`: ms, of these."""

    id: str
    waiting: int
    retried: int
    next_at: int | None
    disabled_at: str | None
    is_asked_to_replay: bool


def endpoint_states(consumer: KafkaConsumer) -> list[EndpointState]:
    """Every endpoint that something is stored of, by id. Raises Kafka's errors and `MissingTopic`."""
    standings: dict[str, dict[str, Standing]] = {}
    disabled: dict[str, str] = {}
    replays: set[str] = set()
    for record in records_of(consumer, DELIVERIES):
        endpoint, _, rest = (record.key or b"").decode().partition("/")
        if not endpoint:  # whose process writes here
            continue
        if rest == "replay":
            (replays.discard if record.value is None else replays.add)(endpoint)
        elif not rest:
            disabled.pop(endpoint, None)
            if record.value is not None:
                disabled[endpoint] = orjson.loads(record.value)["disabled_at"]
        elif record.value is not None:
            standings.setdefault(endpoint, {})[rest] = decoded(record.value)
    return [
        _state(name, [*held.values()], disabled.get(name), name in replays) for name, held in sorted(standings.items())
    ]


def latest_attempts(consumer: KafkaConsumer, endpoint: str, since: int, most: int) -> list[dict[str, Any]]:
    """The latest attempts to tell an endpoint something, the last at the end. Raises Kafka's errors."""
    return [*_attempts(consumer, endpoint, since)][-most:]


def ask_for_replay(kafka: KafkaClients, endpoint: str, since: int, now: int, *, failed: bool) -> None:
    """Have `harmonia deliver` tell an endpoint once more what was appended since a time, or only what is dead.

    Raises Kafka's errors.
    """
    request = {"since": render_time(since), "failed": failed, "at": render_time(now)}
    producer = kafka.tool_producer()
    try:
        producer.send(DELIVERIES, orjson.dumps(request), replay_key(endpoint)).get(30)
    finally:
        producer.close()


def _attempts(consumer: KafkaConsumer, endpoint: str, since: int) -> Iterator[dict[str, Any]]:
    for record in records_between(consumer, DELIVERY_LOG, since):
        if record.key == endpoint.encode():
            yield orjson.loads(record.value)


def _state(name: str, held: list[Standing], disabled_at: str | None, is_asked: bool) -> EndpointState:
    waits = [wait for standing in held for wait in standing.waits.values()]
    retried = [wait.next_at for wait in waits if wait.attempts]
    return EndpointState(name, len(waits), len(retried), min(retried, default=None), disabled_at, is_asked)
