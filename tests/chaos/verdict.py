"""What must be true after any fault, once the worker has caught up.

Every profile in the table itself (its changelog, as a new owner would read it), in `contact-state` and in Redis is the
oracle's; readers of `contact-state` saw each version of each contact once and in order; each bad record is in
`dead-letters` with the place that the broker had given it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import orjson
from kafka import TopicPartition

from events.topics import CONTACT_STATE, INTERACTIONS
from streams.contact import profile
from streams.contact.codec import decode
from streams.demo.check import Letter, compare_profiles
from streams.demo.collecting import letters_in_topic, profiles_in_redis, records_of, versions_in_redis
from streams.demo.deployment import Deployment
from streams.demo.recount import Profile
from streams.topics import CONTACTS_TABLE, changelog_name

Truth = Mapping[str, Profile]
_ENGINES_OWN = b"\x00"


def wrongs(deployment: Deployment, truth: Truth, letters: set[Letter]) -> list[str]:
    """Everything that is not as it must be; empty when all is well."""
    table = table_of(deployment)
    versions, in_topic = _contact_state(deployment)
    return [
        *map(str, compare_profiles(truth, profiles_in(table), "table")),
        *map(str, compare_profiles(truth, in_topic, "contact-state")),
        *map(str, compare_profiles(truth, profiles_in_redis(deployment.redis), "redis")),
        *_versions_out_of_step(deployment, table, versions),
        *_wrong_watermarks(deployment, table),
        *_wrong_letters(letters, set(letters_in_topic(deployment.consumer))),
    ]


def table_of(deployment: Deployment) -> dict[bytes, bytes]:
    """What a new owner of every partition would restore, the engine's own keys included."""
    held: dict[bytes, bytes] = {}
    for record in records_of(deployment.consumer, changelog_name(deployment.settings, CONTACTS_TABLE)):
        if record.value is None:
            held.pop(record.key, None)
        else:
            held[record.key] = record.value
    return held


def profiles_in(table: Mapping[bytes, bytes]) -> dict[str, Profile]:
    """The profile of each contact of a table, as its readers would see it."""
    contacts = {key.decode(): value for key, value in table.items() if not key.startswith(_ENGINES_OWN)}
    return {key: orjson.loads(orjson.dumps(profile(key, decode(value)))) for key, value in contacts.items()}


def _contact_state(deployment: Deployment) -> tuple[dict[bytes, list[int]], dict[str, Profile]]:
    versions: dict[bytes, list[int]] = defaultdict(list)
    latest: dict[str, Profile] = {}
    for record in records_of(deployment.consumer, CONTACT_STATE):
        said = orjson.loads(record.value)
        versions[record.key].append(said["version"])
        latest[record.key.decode()] = said
    return versions, latest


def _versions_out_of_step(
    deployment: Deployment, table: Mapping[bytes, bytes], versions: Mapping[bytes, list[int]]
) -> Iterator[str]:
    in_redis = versions_in_redis(deployment.redis, versions)
    for key, seen in versions.items():
        if seen != list(range(1, len(seen) + 1)):
            yield f"contact-state: readers saw the versions {seen} of {key.decode()}"
        if in_redis.get(key) != seen[-1]:
            yield f"redis: version {in_redis.get(key)} of {key.decode()}, contact-state has {seen[-1]}"
        if key in table and decode(table[key]).version != seen[-1]:
            yield f"table: version {decode(table[key]).version} of {key.decode()}, contact-state has {seen[-1]}"


def _wrong_watermarks(deployment: Deployment, table: Mapping[bytes, bytes]) -> Iterator[str]:
    """Every partition of the input is folded to its end, and the table says so."""
    said = {key: int(value.split()[0]) for key, value in table.items() if key.startswith(_ENGINES_OWN)}
    for tp, end in deployment.observer.ends([INTERACTIONS]).items():
        if found := _unless_folded_to(end, tp, said):
            yield found


def _unless_folded_to(end: int, tp: TopicPartition, said: Mapping[bytes, int]) -> str | None:
    mine = [offset for key, offset in said.items() if key.endswith(f"{tp.topic}\0{tp.partition}".encode())]
    wanted = [end - 1] if end else []
    return None if mine == wanted else f"table: the watermark of {tp.topic} {tp.partition} is {mine}, expected {wanted}"


def _wrong_letters(expected: set[Letter], found: set[Letter]) -> Iterator[str]:
    for letter in sorted(expected - found):
        yield f"dead-letters: {_place(letter)} is missing"
    for letter in sorted(found - expected):
        yield f"dead-letters: {_place(letter)} should not be there, or not so"


def _place(letter: Letter) -> str:
    return f"{letter.reason} at {letter.topic} {letter.partition}, offset {letter.offset}, {len(letter.value)} bytes"
