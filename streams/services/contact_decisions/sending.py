"""Sends what was decided about people, and waits until Redis shows its effect.

What was only sent may still be on its way while a mailing goes out. Where the awaited state held before, it proves
nothing; then the command itself has to be seen in `interactions`, where workers put what they have taken.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass

import orjson
from kafka import KafkaConsumer, TopicPartition

from events.topics import CONTACT_COMMANDS, INTERACTIONS
from sinks.base import SinkUnavailable
from sinks.keys import partition_of
from sinks.lookup import ContactNames, Incomplete, Lookup
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.settings import Settings
from streams.services.contact_decisions.commands import Contacts, Decision, names_of

_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class AwaitedEffect:
    """The effect to wait for: `shows` is asked with the contacts that these names lead to."""

    names: Sequence[ContactNames]
    shows: Callable[[Contacts], bool]


def look_at_contacts(settings: Settings, names: Sequence[ContactNames]) -> Contacts | Incomplete:
    """The contacts that names lead to in Redis, or why it cannot be relied on. Raises SinkUnavailable."""
    return asyncio.run(_poll_contacts(settings, names, lambda _: True, time.monotonic()))


def wait_until_shown(settings: Settings, awaited: AwaitedEffect, until: float) -> bool:
    """Whether an effect shows before `until`, monotonic seconds. Redis does not notify, so it is polled."""
    try:
        found = asyncio.run(_poll_contacts(settings, awaited.names, awaited.shows, until))
    except SinkUnavailable:
        return False
    return not isinstance(found, Incomplete) and awaited.shows(found)


async def _poll_contacts(
    settings: Settings, names: Sequence[ContactNames], enough: Callable[[Contacts], bool], until: float
) -> Contacts | Incomplete:
    """The contacts at the first look that is enough, or at the first after `until`."""
    client = redis_client(settings)
    try:
        lookup = Lookup(client, settings.profiles_oldest_s, settings.key_ids)
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


class CommandWatcher:
    """Watches `interactions` for commands, from its end at the time of construction. A context manager."""

    def __init__(self, settings: Settings, fragments: Iterable[str]) -> None:
        self._consumer: KafkaConsumer = KafkaClients(settings).tool_consumer()
        places = {partition_of(fragment, settings.partitions) for fragment in fragments}
        wanted = [TopicPartition(INTERACTIONS, number) for number in sorted(places)]
        self._consumer.assign(wanted)
        for partition, end in self._consumer.end_offsets(wanted).items():
            self._consumer.seek(partition, end)

    def __enter__(self) -> "CommandWatcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def wait_for(self, ids: Iterable[str], until: float) -> bool:
        """Whether commands of all these ids are seen before `until`, monotonic seconds."""
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


def send(settings: Settings, decision: Decision) -> None:
    """Send the commands of a decision; Kafka has them when it returns. Raises KafkaError."""
    with closing(KafkaClients(settings).tool_producer()) as producer:
        for sent in [producer.send(CONTACT_COMMANDS, command.value) for command in decision.commands]:
            sent.get()


def send_and_wait(  # noqa: PLR0913 (what is sent, what was so before, and who hears of it)
    settings: Settings,
    decision: Decision,
    before: Contacts,
    wait_s: float,
    tell_sent: Callable[[], object] = lambda: None,
    *,
    is_complete: bool = True,
) -> bool:
    """Whether the effect shows in time. Where it did before, workers must have taken the commands first.

    `before`: the contacts as Redis showed them, empty where that is not known; with `is_complete` false Redis was
    behind, so whether the effect showed before is not known. `tell_sent` is called once Kafka has the commands. Raises
    KafkaError.
    """
    names = [*names_of(decision.words, settings.hasher), *([each.contact_id] for each in before)]
    was_so = not before or not is_complete or decision.shows(before, before)
    fragments = [command.fragment for command in decision.commands]
    with CommandWatcher(settings, fragments) if was_so else nullcontext() as taken:
        until = time.monotonic() + wait_s
        send(settings, decision)
        tell_sent()
        if taken is not None and not taken.wait_for([command.id for command in decision.commands], until):
            return False
    return wait_until_shown(settings, AwaitedEffect(names, lambda now: decision.shows(before, now)), until)
