"""When contacts appear in Redis: told by Redis itself, so that nobody has to ask again and again.

Keyspace notifications of the keys of interest are switched on for the length of a block. A moment is when the notice
was read here, so it is late by the way of one message, never early.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.client import PubSub

from benchmarks.suites import BenchmarkFailed
from sinks.keys import contact_key

_SETTING = "notify-keyspace-events"


class NotSeen(BenchmarkFailed):
    """What was acknowledged did not come to Redis."""


class Sightings:
    """The first moment of each contact, by the machine's monotonic clock."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._more = threading.Condition()

    def note(self, contact_id: str, at: float) -> None:
        """Keep it, if it is the first."""
        with self._more:
            self._seen.setdefault(contact_id, at)
            self._more.notify_all()

    def wait_for(self, count: int, patience_s: float) -> dict[str, float]:
        """All moments, once there are so many contacts. Raises `NotSeen`."""
        with self._more:
            if not self._more.wait_for(lambda: len(self._seen) >= count, patience_s):
                raise NotSeen(f"{len(self._seen)} of {count} contacts have shown in Redis")
            return dict(self._seen)


@contextmanager
def sightings(redis: Redis, prefix: str) -> Iterator[Sightings]:
    """Watch contacts whose contact_id begins with `prefix`, for the length of a block."""
    channels = f"__keyspace@*__:{contact_key(prefix)}"
    before = redis.config_get(_SETTING)[_SETTING] or ""
    redis.config_set(_SETTING, "Kh")
    found = Sightings()
    subscription: PubSub = redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    subscription.psubscribe(
        **{channels + "*": lambda message: found.note(_contact_id(message["channel"]), time.monotonic())}
    )
    thread = subscription.run_in_thread(sleep_time=0.5, daemon=True)
    try:
        yield found
    finally:
        thread.stop()
        thread.join()
        redis.config_set(_SETTING, before)


def _contact_id(channel: bytes) -> str:
    """`__keyspace@0__:contact:probe-7` is about `probe-7`."""
    return channel.decode().partition(":")[2].removeprefix(contact_key(""))
