"""One person: parses the word that names them on the command line, and reads all that Redis and the topics hold.

A word that is no other identifier is a contact_id, and anything may look like one: a voter id, a phone number. So
commands decide only about a contact_id that is known (see `decisions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from events.json_types import JSON
from events.refusal import Refusal
from events.topics import CONTACT_ALERTS, CONTACT_LINKS, CONTACT_SUPPRESSIONS, INTERACTIONS
from streams.cli.output import say
from streams.services.permission.person_name import parse_person

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from events.identifiers import Kind
    from sinks.lookup import Complete, ContactAnswer, Incomplete
    from streams.domain.contact.state import Fact
    from streams.platform.settings import Settings


METAVAR = "PERSON"
HELP = "A contact_id, an e-mail address, phone:NUMBER, voter:STATE:ID or external:SYSTEM:ID."
CURE = "give a contact_id, an e-mail address, phone:NUMBER, voter:STATE:ID or external:SYSTEM:ID"

_CALLED: dict[Kind, str] = {
    "phone": "phone number",
    "voter": "voter id",
    "external": "external id",
    "email": "e-mail address",
}
_is_cut_hash = re.compile(
    r"(?:(?:email|voter|external):[0-9a-f]{4,31}|phone:(?=\d*[a-f])[0-9a-f]{4,31})(?:…|\.\.\.)?"
).fullmatch
"""A hash that was cut short. Digits alone behind `phone:` are a phone number."""
_is_like_phone = re.compile(r"(?=.*[ ().+-])[ (+]*\d(?:[ ().-]*\d){6,14}[ ]*", re.ASCII).fullmatch
"""A phone number as people write it, with marks between its digits or before them."""


def nobody_known_message(word: str) -> str:
    """The message that nobody is known by a word, with the cure; the word, which may be an address, is not repeated."""
    from events.fields import CONTACT_ID_PATTERN

    if _is_cut_hash(word):
        return (
            "nobody is known by this word: it begins as a contact_id does, and is not whole; give all 32 digits of it"
        )
    meant = parse_person(word)
    if meant.kind is None and _is_like_phone(word):
        return f"nobody is known by this word: if it is a phone number, give phone:NUMBER; else {CURE}"
    if meant.kind is None:
        is_contact_id = re.fullmatch(CONTACT_ID_PATTERN, word)
        return f"nobody is known by this {'contact_id' if is_contact_id else 'word'}: {CURE}"
    return (
        f"nobody is known by this {_CALLED[meant.kind]}: is it spelled as it was reported, and HARMONIA_IDENTITY_KEY "
        "that of the workers?"
    )


_SHOWN = 8
"""Of 32 hexadecimal digits, enough to tell the identifiers of one person apart."""


@dataclass(frozen=True, slots=True)
class Person:
    """All that is held of a person. `names`: every id under which they are found, the contact_id first, then sorted.

    `interactions`: value and time of the records under each of them, in the order of the broker.
    """

    contact_id: str
    names: Sequence[str]
    interactions: Sequence[tuple[bytes, int]]
    suppressions: JSON
    alerts: Sequence[JSON]

    def facts(self) -> list[Fact]:
        """The facts that may count: none from before an erasure of the person."""
        from streams.domain.contact import read_fact
        from streams.domain.contact.facts.command_details import COMMANDS, Erase

        read = [read_fact(value, at) for value, at in self.interactions]
        facts = [fact for fact in read if not isinstance(fact, Refusal)]
        erased = max((fact.time for fact in facts if isinstance(fact.detail, Erase)), default=None)
        return [
            fact for fact in facts if fact.detail.__class__ not in COMMANDS and (erased is None or fact.time > erased)
        ]


async def find_person(settings: Settings, who: str) -> ContactAnswer:
    """The person of a word; of one that was merged, the canonical id. Raises RedisError."""
    from sinks.lookup import UnknownContact, find_anyway
    from streams.platform.clients import redis_client

    ids = parse_person(who).ids(settings.hasher)
    if not ids:
        return UnknownContact(who)
    client = redis_client(settings)
    try:
        return await find_anyway(client, ids)
    finally:
        await client.aclose()


def read_person(settings: Settings, contact_id: str) -> Person:
    """Read all that is held of a person from the topics, which takes as long as reading them whole."""
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


def masked_identifier(name: str) -> str:
    """An identifier for display: of a hash its kind and first digits; a contact_id as it is."""
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


def look_up_person(settings: Settings, who: str) -> ContactAnswer:
    """`find_person`, for commands that are not async."""
    import asyncio

    return asyncio.run(find_person(settings, who))


def what_redis_lacks(settings: Settings) -> str | None:
    """What Redis lacks, or that it is behind, in words; None: all that the topics had is in it."""
    import asyncio

    from sinks.lookup import Incomplete
    from streams.platform.identity_key import OTHER_KEY, describe_incomplete

    found = asyncio.run(_standing(settings))
    if isinstance(found, Incomplete):
        return OTHER_KEY if found.why == "other_key" else f"in Redis {describe_incomplete(found)}"
    return found if isinstance(found, str) else None


def warn_of_what_is_missing(settings: Settings) -> None:
    """Warn on standard error where what Redis shows may be old or incomplete."""
    if (lacking := what_redis_lacks(settings)) is not None:
        say(f"this may be old or lack something: {lacking}; does a worker run? See `harmonia status`", err=True)


def require_workers_key(settings: Settings) -> bool:
    """End the command with exit code 1 where it would hash identifiers otherwise than the workers do.

    False where Redis does not answer, so that nobody can compare: a command that needs it says so itself.
    """
    from redis.exceptions import RedisError

    from streams.cli.failures import refuse
    from streams.platform.identity_key import identity_key_problem

    try:
        trouble = identity_key_problem(settings)
    except RedisError:
        return False
    if trouble is not None:
        refuse(trouble)
    return True


async def _standing(settings: Settings) -> Complete | Incomplete | str:
    from sinks.base import SinkUnavailable
    from sinks.lookup import Lookup
    from streams.platform.clients import redis_client

    client = redis_client(settings)
    try:
        return await Lookup(client, settings.profiles_oldest_s, settings.hasher.key_ids).standing()
    except SinkUnavailable as trouble:
        return str(trouble)
    finally:
        await client.aclose()
