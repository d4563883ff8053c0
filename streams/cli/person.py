"""All that is held of one person, from Redis and from the topics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from events.json_types import JSON
from events.refusal import Refusal
from events.topics import CONTACT_ALERTS, CONTACT_LINKS, CONTACT_SUPPRESSIONS, INTERACTIONS
from streams.cli.naming import named

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from sinks.lookup import Contact
    from streams.domain.contact.state import Fact
    from streams.platform.settings import Settings

_SHOWN = 8
"""Of 32 hexadecimal digits, enough to tell the identifiers of one person apart."""


@dataclass(frozen=True, slots=True)
class Person:
    """`names`: every identifier under which the person is found, the contact_id first, then sorted.

    `interactions`: the records under each of them, in the order in which the broker has them.
    """

    contact_id: str
    names: Sequence[str]
    interactions: Sequence[tuple[bytes, int]]
    suppressions: JSON
    alerts: Sequence[JSON]

    def facts(self) -> list[Fact]:
        """What happened and may count: nothing from before the person was erased, if that was so."""
        from streams.domain.contact import read_fact
        from streams.domain.contact.facts.command_details import COMMANDS, Erase

        read = [read_fact(value, at) for value, at in self.interactions]
        facts = [fact for fact in read if not isinstance(fact, Refusal)]
        erased = max((fact.time for fact in facts if isinstance(fact.detail, Erase)), default=None)
        return [
            fact for fact in facts if fact.detail.__class__ not in COMMANDS and (erased is None or fact.time > erased)
        ]


async def find(settings: Settings, who: str) -> Contact:
    """The person of an identifier (see `naming`): the one who absorbed it, if it was absorbed. Raises RedisError."""
    from sinks.lookup import Unknown, find_anyway
    from streams.platform.clients import redis_client

    ids = named(who).ids(settings.hasher)
    if not ids:
        return Unknown(who)
    client = redis_client(settings)
    try:
        return await find_anyway(client, ids)
    finally:
        await client.aclose()


def read_person(settings: Settings, contact_id: str) -> Person:
    """Read the topics for all that is held of a person. Takes as long as reading them takes."""
    from sinks.keys import partition_of
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    consumer = KafkaClients(settings).tool_consumer()
    try:
        names = [contact_id, *sorted(_absorbed(consumer, contact_id))]
        own = [partition_of(contact_id, settings.partitions)]
        suppressions = _latest(consumer, CONTACT_SUPPRESSIONS, own, contact_id)
        alerts = [
            orjson.loads(record.value)
            for record in records_of(consumer, CONTACT_ALERTS, own)
            if record.key == contact_id.encode() and record.value is not None
        ]
        return Person(contact_id, names, _interactions(consumer, settings, names), suppressions, alerts)
    finally:
        consumer.close()


def masked(name: str) -> str:
    """An identifier as it may be shown: of a hash its kind and its first digits; a contact_id as it is."""
    from events.identifiers import is_identity_hash, kind_of

    if not is_identity_hash(name):
        return name
    return f"{kind_of(name)}:{name.partition(':')[2][:_SHOWN]}…"


def _absorbed(consumer: KafkaConsumer, contact_id: str) -> set[str]:
    from streams.platform.topic_reading import records_of

    into: dict[str, str] = {}
    for record in records_of(consumer, CONTACT_LINKS):
        if record.value is None:
            into.pop(record.key.decode(), None)
        else:
            into[record.key.decode()] = orjson.loads(record.value)["merged_into"]
    return {name for name, survivor in into.items() if survivor == contact_id}


def _interactions(consumer: KafkaConsumer, settings: Settings, names: Iterable[str]) -> list[tuple[bytes, int]]:
    from sinks.keys import partition_of
    from streams.platform.topic_reading import records_of

    keys = {name.encode() for name in names}
    numbers = {partition_of(key.decode(), settings.partitions) for key in keys}
    return [
        (record.value, record.timestamp)
        for record in records_of(consumer, INTERACTIONS, numbers)
        if record.key in keys and record.value is not None
    ]


def _latest(consumer: KafkaConsumer, topic: str, partitions: Sequence[int], key: str) -> JSON:
    from streams.platform.topic_reading import records_of

    last: JSON = None
    for record in records_of(consumer, topic, partitions):
        if record.key == key.encode():
            last = None if record.value is None else orjson.loads(record.value)
    return last


def look_up(settings: Settings, who: str) -> Contact:
    """`find`, for commands."""
    import asyncio

    return asyncio.run(find(settings, who))
