"""Has an endpoint told once more what somebody has asked for: all since a time, or what is dead."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import orjson
from faust.types import TP

from events.deliveries import DeadDelivery, ReplayProgress
from events.times import parse_time
from events.topics import DEAD_DELIVERIES
from streams.domain.delivery.standing import OLDEST_TOLD_MS, Wait, set_back, with_replayed
from streams.engine.changelog import PartitionReader
from streams.services.deliver.backlog import Backlog, Place
from streams.services.deliver.journal import Replay

_DEAD = TP(DEAD_DELIVERIES, 0)


class Dead(NamedTuple):
    """One that is to be told again. `offset`: of it in `dead-deliveries`."""

    offset: int
    place: Place
    topic_id: str
    wait: Wait


async def replayed(
    endpoint: str, replay: Replay, backlog: Backlog, reader: PartitionReader, now: int
) -> ReplayProgress:
    """Note in the backlog what is to be told once more, as much as there is room for, and say how far that is.

    Raises Kafka's errors.
    """
    since = max(parse_time(replay.request["since"]) or 0, now - OLDEST_TOLD_MS)
    dead_from = None
    if replay.request["failed"]:
        begin = (
            replay.dead_from
            if replay.dead_from is not None
            else (await reader.offsets_not_after([_DEAD], since))[_DEAD]
        )
        dead_from = await take_in(backlog, _dead_from(endpoint, begin, reader, now), now - OLDEST_TOLD_MS)
    else:
        for tp, offset in (await reader.offsets_not_after([*backlog.standings], since)).items():
            backlog.change(tp, set_back(backlog.standings[tp], offset))
    return {"request": replay.offset, "dead_from": dead_from}


async def take_in(backlog: Backlog, all_dead: AsyncIterator[Dead], oldest: int) -> int | None:
    """Note what is dead and was appended since a time; where to go on once there is room, None: that was all."""
    async for dead in all_dead:
        standing = backlog.standings.get(dead.place.tp)
        if standing is None or standing.topic_id != dead.topic_id:
            continue
        if dead.place.offset >= standing.position:  # it is read again anyway, in its order
            continue
        if dead.wait.at < oldest and not dead.wait.tells_erasure:
            continue
        if not standing.has_room:
            return dead.offset
        backlog.change(dead.place.tp, with_replayed(standing, {dead.place.offset: dead.wait}))
    return None


async def _dead_from(endpoint: str, begin: int, reader: PartitionReader, now: int) -> AsyncIterator[Dead]:
    async for run in reader.runs(_DEAD, begin, await reader.end_of(_DEAD)):
        for record in run.records:
            if record.key == endpoint.encode() and record.value is not None:
                said: DeadDelivery = orjson.loads(record.value)
                place = Place(TP(said["topic"], said["partition"]), said["offset"])
                wait = Wait(0, now, said["line"], said["appended_at"], said["tells_erasure"])
                yield Dead(record.offset, place, said["topic_id"], wait)
