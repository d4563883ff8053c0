"""The records that say what became of deliveries: those of `delivery-log`, and those of `dead-deliveries`."""

import time
from collections.abc import Iterable, Iterator

import orjson

from events.deliveries import DeadDelivery, DeliveryFate, DeliveryLogEntry
from events.times import render_time
from events.topics import DEAD_DELIVERIES, DELIVERY_LOG
from streams.domain.delivery.signing import webhook_id
from streams.domain.delivery.standing import Wait
from streams.engine.writer import Output
from streams.services.deliver.backlog import Place
from streams.services.deliver.beginning import Begun
from streams.services.deliver.leaving import LetGo


def entry_of(endpoint: str, topic_id: str, place: Place, fate: DeliveryFate, status: int = 0) -> DeliveryLogEntry:
    """What is logged of a record now; of no attempt yet."""
    return {
        "endpoint": endpoint,
        "id": webhook_id(endpoint, topic_id, place.tp.partition, place.offset),
        "topic": place.tp.topic,
        "partition": place.tp.partition,
        "offset": place.offset,
        "at": render_time(time.time_ns() // 1_000_000),
        "fate": fate,
        "status": status,
        "attempts": 0,
    }


def logged(entry: DeliveryLogEntry) -> Output:
    """The record of it."""
    return Output(DELIVERY_LOG, 0, entry["endpoint"].encode(), orjson.dumps(entry))


def logs_of_gone(endpoint: str, begun: Begun) -> Iterator[Output]:
    """Of what can be told no more: what waited in a topic that was made anew, and offsets that expired unread."""
    for lost in begun.lost:
        entry = entry_of(endpoint, lost.topic_id, lost.place, "gone")
        entry["attempts"] = lost.attempts
        yield logged(entry)
    for expired in begun.expired:
        entry = entry_of(endpoint, expired.topic_id, expired.place, "gone")
        entry["trouble"], entry["offsets"] = "Expired", expired.offsets
        yield logged(entry)


def logs_of_let_go(let_go: Iterable[LetGo]) -> Iterator[Output]:
    """Of what waited for an endpoint or a topic that the file no longer names."""
    for each in let_go:
        entry = entry_of(each.endpoint, each.topic_id, each.place, "dropped")
        entry["trouble"], entry["offsets"] = "NotNamed", each.records
        yield logged(entry)


def dead_record(entry: DeliveryLogEntry, topic_id: str, wait: Wait) -> Output:
    """Of what is given up."""
    dead: DeadDelivery = {
        "endpoint": entry["endpoint"],
        "id": entry["id"],
        "topic": entry["topic"],
        "topic_id": topic_id,
        "partition": entry["partition"],
        "offset": entry["offset"],
        "at": entry["at"],
        "status": entry["status"],
        "line": wait.line,
        "appended_at": wait.at,
        "tells_erasure": wait.tells_erasure,
    }
    return Output(DEAD_DELIVERIES, 0, entry["endpoint"].encode(), orjson.dumps(dead))
