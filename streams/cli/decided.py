"""Waiting until what was decided about people shows in Redis, from which every answer about them comes.

What was only sent may still be on its way while a mailing goes out. Where what is waited for was so before, it proves
nothing; then the command itself has to be seen in `interactions`, where workers put what they have taken.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson
from kafka import KafkaConsumer, TopicPartition

from events.topics import INTERACTIONS
from sinks.base import SinkUnavailable
from sinks.keys import partition_of
from sinks.lookup import ContactAnswer, ContactNames, Incomplete, Lookup
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.settings import Settings

_LOOK_AGAIN_S = 0.02

Contacts = Sequence[ContactAnswer]


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is to show: of the people who go by these names, what `shows` says yes to."""

    names: Sequence[ContactNames]
    shows: Callable[[Contacts], bool]


def look(settings: Settings, names: Sequence[ContactNames]) -> Contacts | Incomplete:
    """What Redis has of people, or why it cannot be relied on. Raises SinkUnavailable."""
    return asyncio.run(_look(settings, names, lambda _: True, time.monotonic()))


def wait_until_shown(settings: Settings, awaited: Awaited, until: float) -> bool:
    """Whether it shows before a time of the monotonic clock. Redis tells nobody, so it is asked again and again."""
    try:
        found = asyncio.run(_look(settings, awaited.names, awaited.shows, until))
    except SinkUnavailable:
        return False
    return not isinstance(found, Incomplete) and awaited.shows(found)


async def _look(
    settings: Settings, names: Sequence[ContactNames], enough: Callable[[Contacts], bool], until: float
) -> Contacts | Incomplete:
    """The last look: the first that is enough, or that is made after `until`."""
    client = redis_client(settings)
    try:
        lookup = Lookup(client, settings.profiles_oldest_s)
        while True:
            try:
                seen = await lookup.look(names)
            except SinkUnavailable:
                if time.monotonic() >= until:
                    raise
            else:
                found = seen if isinstance(seen, Incomplete) else seen.contacts
                if time.monotonic() >= until or not (isinstance(found, Incomplete) or not enough(found)):
                    return found
            await asyncio.sleep(_LOOK_AGAIN_S)
    finally:
        await client.aclose()


class Taken:
    """Looks for commands in `interactions`, from where it ended when this was made. A context manager."""

    def __init__(self, settings: Settings, fragments: Iterable[str]) -> None:
        self._consumer: KafkaConsumer = KafkaClients(settings).tool_consumer()
        places = {partition_of(fragment, settings.partitions) for fragment in fragments}
        wanted = [TopicPartition(INTERACTIONS, number) for number in sorted(places)]
        self._consumer.assign(wanted)
        for partition, end in self._consumer.end_offsets(wanted).items():
            self._consumer.seek(partition, end)

    def __enter__(self) -> "Taken":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def wait_for(self, ids: Iterable[str], until: float) -> bool:
        """Whether commands of all these ids are there before a time of the monotonic clock."""
        missing = set(ids)
        while missing and (left := until - time.monotonic()) > 0:
            for records in self._consumer.poll(timeout_ms=max(1, int(min(left, 0.5) * 1000))).values():
                missing -= {_id_of(record.value) for record in records}
        return not missing


def _id_of(value: bytes | None) -> str:
    try:
        event = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return ""
    return str(event.get("id")) if isinstance(event, dict) else ""
