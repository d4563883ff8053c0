"""The demo's segments: ten that are defined, half of them before anything is heard and half afterwards, and the check.

The file of gifts is of 2012, so windows reach back to a day of that spring. At the end a moment is told to every
partition, as if the broker's clock had come there, and the oracle is asked about that moment.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from kafka import KafkaProducer, TopicPartition

from events.topics import CONTACT_SEGMENTS, INTERACTIONS, SEGMENT_DEFINITIONS, SEGMENT_WORK
from streams.demo.check import Difference, compare_segments
from streams.demo.deployment import Deployment
from streams.demo.oracle import life_of
from streams.demo.read_back import records_of
from streams.demo.recount_segments import Asked, Table, is_member
from streams.demo.truth import ContactFields, Sent
from streams.demo.volunteering import CALLS
from streams.domain.pressure import default_policy
from streams.worker.agents.segments.records import TICK, Tick, tick_record

Memberships = Mapping[str, set[str]]
"""By contact the segments that somebody is in; who is in none is left out."""

_SPRING = datetime(2012, 2, 10, 12, tzinfo=UTC)
AHEAD = timedelta(hours=2)
_WAIT_S, _LOOK_AGAIN_S = 90.0, 0.5


def moment_of_check() -> datetime:
    """The moment that is asked about: later than any that workers come to by themselves meanwhile."""
    return datetime.now(UTC).replace(microsecond=0) + AHEAD


def tables(at: datetime) -> list[Table]:
    """Ten segments. `at`: the moment that will be asked about."""
    since = f"{(at - _SPRING).days}d"
    return [
        {"id": "donors", "owner": "finance", "all": [{"gifts": "net", "currency": "USD", "at_least": 20_000}]},
        {"id": "spring-donors", "all": [{"gifts": "count", "within": since, "at_least": 1}]},
        {
            "id": "lapsed",
            "owner": "finance",
            "all": [{"gifts": "count", "at_least": 1}],
            "none": [{"gifts": "sum", "within": since, "at_least": 1}],
        },
        {
            "id": "supporters",
            "members": True,
            "all": [{"support": [1, 2]}],
            "none": [{"channel": "door", "is": "closed"}],
        },
        {"id": "volunteers-to-call", "all": [{"tag": "volunteer"}, {"channel": "phone", "is": "open"}]},
        {"id": "met", "any": [{"canvass": "contacts", "at_least": 1}, {"ballot": "2012-primary", "status": ["voted"]}]},
        {"id": "readers", "all": [{"opens": "human", "at_least": 0.5}], "none": [{"consent": "email", "is": False}]},
        {"id": "west", "any": [{"region": "US-CA"}, {"region": "US-WA"}, {"postal_code": "97"}]},
        {"id": "loyal", "all": [{"segment": "donors"}, {"segment": "spring-donors"}], "none": [{"segment": "lapsed"}]},
        {"id": "tried", "any": [{"experiment": CALLS, "variant": "B"}, {"clicks": "all", "at_least": 2}]},
    ]


def define(producer: KafkaProducer, partitions: int, found: Iterable[Table]) -> None:
    """Publish these definitions to every partition."""
    for table in found:
        for number in range(partitions):
            producer.send(SEGMENT_DEFINITIONS, orjson.dumps(table), table["id"].encode(), partition=number)
    producer.flush()


def state_the_time(deployment: Deployment, at: datetime) -> None:
    """Have it be this moment in every partition, once all is folded that it holds now."""
    places = [TopicPartition(INTERACTIONS, number) for number in range(deployment.settings.partitions)]
    for place, end in deployment.consumer.end_offsets(places).items():
        record = tick_record(place.partition, Tick(end, int(at.timestamp() * 1000)))
        deployment.producer.send(SEGMENT_WORK, record.value, TICK, partition=place.partition)
    deployment.producer.flush()


def memberships(
    accepted: Iterable[Sent], identify: Callable[[ContactFields], str], found: Iterable[Table], at: datetime
) -> Memberships:
    """Who is in which segment at a moment, by the oracle, where nobody has more than one identifier."""
    people: dict[str, list[Sent]] = {}
    for one in accepted:
        people.setdefault(identify(one.contact), []).append(one)
    return memberships_of(people, identify, found, at)


def memberships_of(
    people: Mapping[str, list[Sent]], identify: Callable[[ContactFields], str], found: Iterable[Table], at: datetime
) -> Memberships:
    """The same of people, by the contact_id under which each is shown, with all that was said of them."""
    definitions = {table["id"]: table for table in found}
    asked = Asked(definitions, default_policy().model_dump(mode="json"), at)
    meant = {}
    for name, sent in people.items():
        life = life_of(sent, identify)
        if life is not None and (names := {segment for segment in definitions if is_member(segment, life, asked)}):
            meant[name] = names
    return meant


def memberships_in_topic(deployment: Deployment) -> Memberships:
    """What `contact-segments` says."""
    latest: dict[bytes, Any] = {
        record.key: record.value for record in records_of(deployment.consumer, CONTACT_SEGMENTS)
    }
    held = {key.decode(): orjson.loads(value)["segments"] for key, value in latest.items() if value is not None}
    return {name: {*segments} for name, segments in held.items() if segments}


def wrong_memberships(deployment: Deployment, truth: Memberships) -> list[Difference]:
    """How the topic differs from the truth; asked again for a while, since a backfill goes on behind everything."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        found = compare_segments(truth, memberships_in_topic(deployment))
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_AGAIN_S)
