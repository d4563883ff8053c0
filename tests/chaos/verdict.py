"""What must be true after any fault, once the worker has caught up.

Every profile in the table itself (its changelog, as a new owner would read it), in `contact-state` and in Redis is the
oracle's, and so is what `contact-suppressions` closes; readers saw each version of each contact once and in order; each
bad record is in `dead-letters` with the place that the broker had given it.
"""

from collections.abc import Collection, Iterator, Mapping

import orjson
from kafka import TopicPartition

from events.topics import CONTACT_STATE, CONTACT_SUPPRESSIONS, INTERACTIONS
from streams.demo.check import Letter, compare_profiles
from streams.demo.deployment import Deployment
from streams.demo.oracle import all_closed_channels
from streams.demo.read_back import letters_in_topic, profiles_in_redis, records_of
from streams.demo.recount import Profile
from streams.domain.contact import decode, profile
from streams.domain.contact.identity.erasure import has_interactions, place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.contact.merging import person
from streams.domain.contact.publication.visibility import shown_of
from streams.engine.decoded_states import NO_STATES
from streams.engine.table_partition import ENGINES_OWN
from streams.platform.topics import CONTACTS_TABLE, changelog_name
from tests.chaos.versions import wrong_versions

Truth = Mapping[str, Profile]
_OF_A_ROOF = "/"
"""In the keys of what a roof keeps of others, and in no contact_id."""


def wrongs(deployment: Deployment, truth: Truth, letters: set[Letter], erased: Collection[str] = ()) -> list[str]:
    """Everything that is not as it must be; empty when all is well. `erased`: who is suppressed and nothing else."""
    table = table_of(deployment)
    return [
        *map(str, compare_profiles(truth, profiles_in(table), "table")),
        *map(str, compare_profiles(truth, latest_in(deployment, CONTACT_STATE), "contact-state")),
        *wrongly_closed(deployment, all_closed_channels(truth), erased),
        *map(str, compare_profiles(truth, profiles_in_redis(deployment.redis), "redis")),
        *wrong_versions(deployment, table),
        *_parts_of_nobody(table),
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
    """The profile of each person of a table, as its readers would see it: of a roof with all that is under it."""
    states = {key.decode(): decode(value) for key, value in table.items() if not key.startswith(NO_STATES)}
    found = {}
    for name, state in states.items():
        place = place_of(state)
        if _OF_A_ROOF in name or place.roof is not None:
            continue
        kept = {each: states[f"{name}/{each}"] for each in place.parts if f"{name}/{each}" in states}
        parts = counting(kept, place)
        whole = shown_of({name: state, **parts})
        if not isinstance(whole, str):
            shown = orjson.loads(orjson.dumps(profile(name, person(whole))))
            with_own = sorted(each for each in parts if has_interactions(whole[each]))
            found[name] = shown | {"merged_from": with_own}
    return found


def latest_in(deployment: Deployment, topic: str) -> dict[str, Profile]:
    """What a compacted topic says last of each contact; what is null is left out."""
    latest = {record.key: record.value for record in records_of(deployment.consumer, topic)}
    return {key.decode(): orjson.loads(value) for key, value in latest.items() if value is not None}


def wrongly_closed(deployment: Deployment, closed: Truth, erased: Collection[str]) -> Iterator[str]:
    """What `contact-suppressions` says otherwise; of who was erased it closes everything for that reason."""
    found = latest_in(deployment, CONTACT_SUPPRESSIONS)
    gone = {name: found.pop(name) for name in erased if name in found}
    yield from map(str, compare_profiles(closed, found, CONTACT_SUPPRESSIONS))
    yield from (f"{CONTACT_SUPPRESSIONS}: {name} is missing, and was erased" for name in set(erased) - gone.keys())
    for name, channels in gone.items():
        if b'"erased"' not in orjson.dumps(channels):
            yield f"{CONTACT_SUPPRESSIONS}: {name} was erased, and is closed by {channels}"


def _parts_of_nobody(table: Mapping[bytes, bytes]) -> Iterator[str]:
    """A roof knows whom it keeps."""
    for key in table:
        if key.startswith(NO_STATES):
            continue
        roof, slash, fragment = key.decode().partition(_OF_A_ROOF)
        if slash and roof:
            state = table.get(roof.encode())
            if state is None or fragment not in place_of(decode(state)).parts:
                yield f"table: {roof} keeps a part of {fragment} and does not know of it"


def _wrong_watermarks(deployment: Deployment, table: Mapping[bytes, bytes]) -> Iterator[str]:
    """Every partition of the input is folded to its end, and the table says so."""
    said = {key: int(value.split()[0]) for key, value in table.items() if key.startswith(ENGINES_OWN)}
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
