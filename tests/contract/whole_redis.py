"""A Redis filled by the sinks as a worker would fill it, for those who read it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from redis import Redis

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import Completeness, ContactChange, Position
from sinks.holds import HoldsSink
from sinks.keys import partition_of
from sinks.redis import RedisSink

PARTITIONS = 4
TOPIC = "lQ4nIXcVTRSTjTWnSq5aVw"
MARK = "whole_at"
HASHED = "email:0123456789abcdef0123456789abcdef"


class Filling:
    """Both topics of contacts and the holds, from nothing; each step can be left out."""

    def __init__(self, sink: RedisSink, holds: HoldsSink) -> None:
        self.views = {topic: sink.reading(topic) for topic in (CONTACT_STATE, CONTACT_LINKS)}
        self.holds = holds

    async def write(self, topic: str, changes: Sequence[ContactChange] = (), at: int = 1) -> None:
        """Everything in its partition."""
        for partition in range(PARTITIONS):
            mine = [change for change in changes if partition_of(change.contact_id, PARTITIONS) == partition]
            view = self.views[topic]
            before = await view.position(partition)
            assert await view.write(partition, mine, before, Position(TOPIC, at))

    async def tell(self, topic: str, partitions: Sequence[int] = range(PARTITIONS), age_ms: int = 0) -> None:
        """That nothing is missing."""
        for partition in partitions:
            position = await self.views[topic].position(partition)
            assert position is not None
            assert await self.views[topic].whole(partition, position, Completeness(age_ms, PARTITIONS))

    async def hold(self, holds: Mapping[str, int | None], at: int = 1, age_ms: int = 0, lost_until: int = 0) -> bool:
        return await self.holds.put(holds, Position(TOPIC, at), age_ms, lost_until) == "written"

    async def all(
        self,
        states: Sequence[ContactChange] = (),
        links: Sequence[ContactChange] = (),
        at: int = 1,
        lost_until: int = 0,
    ) -> None:
        """A Redis that lacks nothing, but for reservations that may have lasted until then."""
        await self.write(CONTACT_STATE, states, at)
        await self.write(CONTACT_LINKS, links, at)
        await self.tell(CONTACT_STATE)
        await self.tell(CONTACT_LINKS)
        await self.hold({}, lost_until=lost_until)


@contextmanager
def kept_whole(port: int) -> Iterator[None]:
    """For the length of a block a Redis that was filled says that it lacks nothing, as under a worker that goes on."""
    over = Event()
    with Redis(port=port) as client:
        mark_whole(client)
        telling = Thread(target=_keep_marking, args=(client, over))
        telling.start()
        try:
            yield
        finally:
            over.set()
            telling.join()


def mark_whole(client: Redis) -> int:
    """Whatever of a Redis was whole once is so now; returns when (ms)."""
    seconds, microseconds = client.time()
    now: int = seconds * 1000 + microseconds // 1000
    for key in client.scan_iter("sink:*", _type="hash"):
        if client.hexists(key, MARK):
            client.hset(key, MARK, now)
    return now


def _keep_marking(client: Redis, over: Event) -> None:
    while not over.wait(0.2):
        mark_whole(client)
