"""One person: finds out whom a word on the command line means, and reads all that Redis and the topics hold.

A short word may mean several identifiers. It is the one by which somebody is known, and standard error says which.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from events.json_types import JSON
from events.refusal import Refusal
from events.topics import AUDIT_LOG, CONTACT_ALERTS, CONTACT_LINKS, CONTACT_SUPPRESSIONS, INTERACTIONS
from streams.cli.output import say
from streams.domain.display_names import decided_by, without_staff
from streams.services.permission.person_name import (
    CALLED,
    LONG_FORMS,
    Ambiguous,
    PersonName,
    meanings_of,
    readable_meanings,
    understand,
)

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from sinks.lookup import Complete, ContactAnswer, ContactNames, Incomplete
    from streams.domain.contact.state import ErasureIfInactive, Fact
    from streams.platform.settings import Settings


METAVAR = "PERSON"
HELP = (
    "A contact_id, e-mail address, phone number, voter id (OH:123) or id of another system (van:17); to say which: "
    "phone:NUMBER, voter:STATE:ID, external:SYSTEM:ID."
)
CURE = "give a contact_id, an e-mail address, phone:NUMBER, voter:STATE:ID or external:SYSTEM:ID"

_is_cut_hash = re.compile(
    r"(?:(?:email|voter|external):[0-9a-f]{4,31}|phone:(?=\d*[a-f])[0-9a-f]{4,31})(?:…|\.\.\.)?"
).fullmatch
"""A hash that was cut short. Digits alone behind `phone:` are a phone number."""


def nobody_known_message(word: str) -> str:
    """The message that nobody is known by a word, with the cure; the word, which may be an address, is not repeated."""
    from events.fields import CONTACT_ID_PATTERN

    if _is_cut_hash(word):
        return (
            "nobody is known by this word: it begins as a contact_id does, and is not whole; give all 32 digits of it"
        )
    meanings = meanings_of(word)
    if meanings[0].kind is None and len(meanings) == 1:
        is_contact_id = re.fullmatch(CONTACT_ID_PATTERN, word)
        return f"nobody is known by this {'contact_id' if is_contact_id else 'word'}: {CURE}"
    called = [CALLED[each.kind] for each in meanings]
    tried = f"this {called[0]}" if len(called) == 1 else f"this word, as {_either(called)}"
    return (
        f"nobody is known by {tried}: is it spelled as it was reported, and HARMONIA_IDENTITY_KEY that of the workers?"
    )


def followed_by(sentence: str, rest: str) -> str:
    """A sentence and what follows: behind a question as a sentence of its own, else behind a semicolon."""
    return f"{sentence} {rest[0].upper()}{rest[1:]}" if sentence.endswith("?") else f"{sentence}; {rest}"


def meant_by(settings: Settings, word: str) -> PersonName:
    """What a word means; what a short one was taken for is said on standard error. Raises RedisError.

    Ends the command with exit code 1 where several people are known by it. Where nobody is, its first meaning: a
    contact_id, if it can be one.
    """
    import asyncio

    from sinks.lookup import UnknownContact
    from streams.cli.failures import refuse

    meanings = readable_meanings(word, settings.hasher)
    if len(meanings) < 2:
        return meanings[0][0] if meanings else meanings_of(word)[0]
    found = asyncio.run(_find_each(settings, [ids for _, ids in meanings]))
    meant = understand([name for name, _ in meanings], found)
    if isinstance(meant, Ambiguous):
        kinds = [each.name.kind for each in meant.people]
        forms, called = [LONG_FORMS[kind] for kind in kinds if kind is not None], [CALLED[kind] for kind in kinds]
        refuse(f"several people are known by this word, as {_either(called)}: say which, by {_either(forms)}")
    kind = meant.name.kind
    if kind in LONG_FORMS and not isinstance(meant.contact, UnknownContact):
        say(f"understood as {LONG_FORMS[kind]}", err=True)
    return meant.name


def _either(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


async def _find_each(settings: Settings, names: Sequence[ContactNames]) -> list[ContactAnswer]:
    from sinks.lookup import find_anyway
    from streams.platform.clients import redis_client

    client = redis_client(settings)
    try:
        return [await find_anyway(client, each) for each in names]
    finally:
        await client.aclose()


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

    def facts(self, first_seen: int | None) -> list[Fact]:
        """The facts that may count: none from before an erasure of the person.

        `first_seen`: of the profile, ms. By it is known which erasure for inactivity was in vain.
        """
        from streams.domain.contact.state import is_command

        return [fact for fact in self._since_erasure(first_seen) if not is_command(fact)]

    def decisions(self, first_seen: int | None) -> list[Fact]:
        """What was decided about the person, each once, oldest first: from the latest erasure on, if there was one."""
        from streams.domain.contact.state import is_command

        decided = {fact.key: fact for fact in self._since_erasure(first_seen) if is_command(fact)}
        return sorted(decided.values(), key=lambda fact: fact.stamp)

    def _since_erasure(self, first_seen: int | None) -> list[Fact]:
        from streams.domain.contact import read_fact
        from streams.domain.contact.facts.command_details import Erase
        from streams.domain.contact.state import ErasureIfInactive

        read = [read_fact(value, at) for value, at in self.interactions]
        facts = [fact for fact in read if not isinstance(fact, Refusal)]
        erased = max((fact.stamp for fact in facts if isinstance(fact.detail, Erase)), default=None)
        left = [
            fact
            for fact in facts
            if erased is None or fact.time > erased[0] or (isinstance(fact.detail, Erase) and fact.stamp == erased)
        ]
        for command in [fact for fact in left if isinstance(fact, ErasureIfInactive)]:
            if first_seen is not None and first_seen > command.since and not _knew(facts, command, first_seen):
                left = [fact for fact in left if fact == command or _is_after(fact, command)]
        return left


def _knew(facts: Sequence[Fact], command: Fact, first_seen: int) -> bool:
    """Whether the first that a profile shows had been heard before a command, which was in vain then."""
    return any(fact.time == first_seen and fact.appended_at <= command.appended_at for fact in facts)


def _is_after(fact: Fact, erasure: ErasureIfInactive) -> bool:
    """Whether it may count after an erasure, which takes all that was heard before it, whenever that happened."""
    return fact.time > erasure.since and fact.appended_at > erasure.appended_at


async def find_person(settings: Settings, name: PersonName) -> ContactAnswer:
    """The person of a name; of one that was merged, the canonical id. Raises RedisError."""
    from sinks.lookup import UnknownContact

    ids = name.ids(settings.hasher)
    if not ids:
        return UnknownContact(name.text)
    [found] = await _find_each(settings, [ids])
    return found


def read_person(settings: Settings, contact_id: str) -> Person:
    """Read what is held of a person from the topics, which takes as long as reading them whole; not `audit-log`."""
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


_OF_STAFF = ("viewer", "reason")
"""Who exactly looked, and in which words why: it is about them, and is not given out."""
_DECIDED = "rights"
"""A step about a request of theirs, of which the team is whoever took it."""


def audited_of(told: Mapping[str, JSON], names: Collection[str]) -> dict[str, JSON] | None:
    """What a record of `audit-log` says of a person who goes by these names, and of nobody else; None: nothing."""
    answers = told.get("answers")
    own = [
        answer
        for answer in (answers if isinstance(answers, list) else ())
        if isinstance(answer, dict) and answer.get("contact_id") in names
    ]
    if not own:
        return None
    given = {name: part for name, part in told.items() if name not in _OF_STAFF}
    team, shown = given.get("team"), decided_by if given.get("what") == _DECIDED else without_staff
    return given | ({"team": shown(team)} if isinstance(team, str) else {}) | {"answers": [*own]}


def read_asked(settings: Settings, names: Collection[str]) -> list[JSON]:
    """The records of `audit-log` about a person who goes by these names, without what is about others.

    Of all topics it is the one that is kept longest, and only who is told what is held of them needs it.
    """
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    said = [name.encode() for name in names]
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        own = (
            audited_of(orjson.loads(record.value), names)
            for record in records_of(consumer, AUDIT_LOG)
            if record.value is not None and any(name in record.value for name in said)
        )
        return [told for told in own if told is not None]


def _latest(consumer: KafkaConsumer, topic: str, partitions: Sequence[int], key: str) -> JSON:
    from streams.platform.topic_reading import records_of

    last: JSON = None
    for record in records_of(consumer, topic, partitions):
        if record.key == key.encode():
            last = None if record.value is None else orjson.loads(record.value)
    return last


def look_up_person(settings: Settings, word: str) -> ContactAnswer:
    """The person whom a word means. Raises RedisError; ends the command where several people are meant."""
    import asyncio

    return asyncio.run(find_person(settings, meant_by(settings, word)))


def what_redis_lacks(settings: Settings) -> str | None:
    """What Redis lacks, or that it is behind, in words; None: all that the topics had is in it."""
    import asyncio

    from sinks.lookup import Incomplete
    from streams.platform.identity_key import OF_OTHER_SETTINGS, describe_incomplete

    found = asyncio.run(_standing(settings))
    if isinstance(found, Incomplete):
        return OF_OTHER_SETTINGS.get(found.why) or f"in Redis {describe_incomplete(found)}"
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
        return await Lookup(client, settings.profiles_oldest_s, settings.key_ids).standing()
    except SinkUnavailable as trouble:
        return str(trouble)
    finally:
        await client.aclose()
