"""Reads what is stored of deliveries, for commands that look once, and asks to have an endpoint told once more."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
from kafka import KafkaConsumer, TopicPartition

from events.deliveries import EndpointStatus
from events.times import parse_time, render_time
from events.topics import DEAD_DELIVERIES, DELIVERIES, DELIVERY_LOG
from streams.domain.delivery.standing import Standing, decoded, firsts
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_between, records_of
from streams.services.deliver.journal import replay_key, replay_request


class EndpointState(NamedTuple):
    """How far an endpoint is. Times are in ms, those of `open_until` and `disabled_at` as they are stored.

    `waiting`: records that it has still to acknowledge; `oldest_at`: when the oldest of them was appended. `retried`:
    of them, those that failed at least once; `next_at`: when one of these is due. `unread`: records, and markers of
    transactions, that were not read yet. `dead`: given up within 30 days. `open_until`: nothing is sent before.
    `due_at`: when the first is due that no earlier one of its contact holds back.
    """

    id: str
    waiting: int
    retried: int
    next_at: int | None
    oldest_at: int | None
    unread: int
    dead: int
    failures: int
    open_until: str | None
    disabled_at: str | None
    is_asked_to_replay: bool
    due_at: int | None = None

    def next_attempt(self, now: int) -> int | None:
        """When something is sent next, ms, at the earliest now; None: nothing waits, or the endpoint wants no more."""
        if self.due_at is None or self.disabled_at is not None:
            return None
        return max(now, self.due_at, parse_time(self.open_until or "") or 0)


def endpoint_states(consumer: KafkaConsumer) -> list[EndpointState]:
    """Every endpoint that something is stored of, by id. Raises Kafka's errors and `MissingTopic`."""
    standings, statuses, replays = _stored(consumer)
    dead = Counter((record.key or b"").decode() for record in records_of(consumer, DEAD_DELIVERIES))
    places = {tp for held in standings.values() for tp in held}
    there = {TopicPartition(topic, n) for topic, _ in places for n in consumer.partitions_for_topic(topic) or ()}
    ends = consumer.end_offsets(sorted(places & there))
    return [
        EndpointState(
            name,
            **_waits(held),
            unread=sum(max(0, ends.get(tp, 0) - standing.position) for tp, standing in held.items()),
            dead=dead[name],
            **_answers(statuses.get(name)),
            is_asked_to_replay=name in replays,
        )
        for name, held in sorted(standings.items())
        if name in statuses
    ]


class DeliveryStanding(NamedTuple):
    """How far the process is, by what it has stored: the `endpoints` that it tells, and the `late` ones of them."""

    endpoints: Sequence[str] = ()
    late: Sequence[str] = ()


def delivery_standing(consumer: KafkaConsumer, before: int) -> DeliveryStanding:
    """Whether the process has read what was appended before a time, ms; of endpoints that want no more nothing is.

    Raises Kafka's errors and `MissingTopic`.
    """
    stored = _stored(consumer)
    wanted = {
        name: {tp: standing.position for tp, standing in stored.standings.get(name, {}).items()}
        for name, status in stored.statuses.items()
        if status["disabled_at"] is None
    }
    there = sorted({tp for held in wanted.values() for tp in held if _is_there(consumer, tp)})
    ends = consumer.end_offsets(there)
    since = consumer.offsets_for_times(dict.fromkeys(there, before)) if there else {}
    bound = {tp: ends[tp] if since.get(tp) is None else since[tp].offset for tp in there}
    late = [name for name, held in wanted.items() if any(at < bound.get(tp, at) for tp, at in held.items())]
    return DeliveryStanding(sorted(stored.statuses), sorted(late))


def _is_there(consumer: KafkaConsumer, tp: TopicPartition) -> bool:
    return tp.partition in (consumer.partitions_for_topic(tp.topic) or ())


def latest_attempts(consumer: KafkaConsumer, endpoint: str, since: int, most: int) -> list[dict[str, Any]]:
    """The latest attempts to tell an endpoint something, the last at the end. Raises Kafka's errors."""
    return [*_attempts(consumer, endpoint, since)][-most:]


def dead_since(consumer: KafkaConsumer, endpoint: str, since: int) -> int:
    """How many deliveries to an endpoint were given up since a time, which a replay of what is dead tells once more."""
    dead = records_between(consumer, DEAD_DELIVERIES, since)
    return sum(record.key == endpoint.encode() and record.value is not None for record in dead)


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


def _waits(held: Mapping[TopicPartition, Standing]) -> dict[str, Any]:
    waits = [wait for standing in held.values() for wait in standing.waits.values()]
    retried = [wait.next_at for wait in waits if wait.attempts]
    return {
        "waiting": len(waits),
        "retried": len(retried),
        "next_at": min(retried, default=None),
        "oldest_at": min((wait.at for wait in waits), default=None),
        "due_at": min((at for standing in held.values() for at, _, _ in firsts(standing)), default=None),
    }


def _answers(status: EndpointStatus | None) -> dict[str, Any]:
    if status is None:
        return {"failures": 0, "open_until": None, "disabled_at": None}
    return {name: status[name] for name in ("failures", "open_until", "disabled_at")}


class _Stored(NamedTuple):
    """By endpoint its standings, its status, and the offset of the request to tell it once more that is open."""

    standings: dict[str, dict[TopicPartition, Standing]]
    statuses: dict[str, EndpointStatus]
    replays: dict[str, int]


def _stored(consumer: KafkaConsumer) -> _Stored:
    """Of standings, of which a day's are there, only the last ones are decoded."""
    last: dict[bytes, bytes | None] = {}
    statuses: dict[str, EndpointStatus] = {}
    replays: dict[str, int] = {}
    for record in records_of(consumer, DELIVERIES):
        endpoint, _, what = (record.key or b"").decode().partition("/")
        if not endpoint:  # whose process writes here
            continue
        match what:
            case "" if record.value is None:  # the file names it no longer
                statuses.pop(endpoint, None)
            case "":
                statuses[endpoint] = orjson.loads(record.value)
            case "replay" | "replayed":
                _take_replay(replays, endpoint, what, record)
            case _:
                last[record.key] = record.value
    standings: dict[str, dict[TopicPartition, Standing]] = {}
    for key, value in last.items():
        match key.decode().split("/"):
            case [endpoint, topic, partition] if value is not None and partition.isdecimal():
                standings.setdefault(endpoint, {})[TopicPartition(topic, int(partition))] = decoded(value)
            case _:  # taken out, or of no shape that this version knows
                pass
    return _Stored(standings, statuses, replays)


def _take_replay(replays: dict[str, int], endpoint: str, what: str, record: Any) -> None:
    if record.value is None:
        replays.pop(endpoint, None)
    elif what == "replay":
        with suppress(ValueError):  # what is no request is passed over by the process too
            replay_request(record.value)
            replays.setdefault(endpoint, record.offset)
    else:
        done = orjson.loads(record.value)
        if done["dead_from"] is None and done["request"] >= replays.get(endpoint, -1):
            replays.pop(endpoint, None)
