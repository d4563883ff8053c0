"""Makes and checks the topics on the broker: those of the contract, and the changelog of each table."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from events.topics import (
    ALL,
    CAMPAIGN_HOLDS,
    CONTACT_FRAGMENTS,
    CONTACT_LINKS,
    CONTACT_ROOFS,
    CONTACT_STATE,
    IDENTITY_LINKS,
    INPUT_TOPICS,
    INTERACTIONS,
    Topic,
)
from streams.clients import KafkaClients
from streams.engine.errors import MissingTopic, PartitionsMismatch
from streams.settings import Settings

CONTACTS_TABLE = "contacts"
LINKS_TABLE = "links"
LINKS_PARTITIONS = 1
"""Of `identity-links` and of the table that it is folded into: who is one person is found in one place."""

_BETWEEN = (
    *(INTERACTIONS, CONTACT_ROOFS, CONTACT_FRAGMENTS, IDENTITY_LINKS),
    *(CONTACT_STATE, CONTACT_LINKS, CAMPAIGN_HOLDS),
)
"""What workers read besides the input: of each other, and for the sinks."""

_PAUSE_S = 0.05
_PAUSES = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the broker has it; `partitions` 0: it is not there."""

    topic: Topic
    partitions: int
    replication: int


def wanted(settings: Settings) -> list[Topic]:
    """Every topic that this deployment needs."""
    contacts, links = changelog_name(settings, CONTACTS_TABLE), changelog_name(settings, LINKS_TABLE)
    return [
        *ALL,
        Topic(contacts, "compact", 8 << 20, "State of the contacts; Harmonia's own"),
        Topic(links, "compact", 8 << 20, "State of the links; Harmonia's own", partitions=LINKS_PARTITIONS),
    ]


def changelog_name(settings: Settings, table: str) -> str:
    """The changelog topic of a table, as Faust names it."""
    return f"{settings.app_id}-{table}-changelog"


def read_by_workers(settings: Settings) -> dict[str, int]:
    """The topics that workers read, each with its number of partitions."""
    read = (*INPUT_TOPICS, *(topic for topic in ALL if topic.name in _BETWEEN))
    return {topic.name: topic.partitions or settings.partitions for topic in read}


def create_topics(admin: KafkaAdminClient, settings: Settings) -> list[str]:
    """Make those that are missing; returns their names once they are there. Existing ones are left as they are."""
    missing = [found.topic for found in describe_topics(admin, settings) if not found.partitions]
    if missing:
        admin.create_topics([_new_topic(topic, settings) for topic in missing])
        _wait_for_topics(admin, settings)
    return [topic.name for topic in missing]


def describe_topics(admin: KafkaAdminClient, settings: Settings) -> list[Found]:
    """Every topic wanted, as it is."""
    topics = wanted(settings)
    described = {entry["name"]: entry for entry in admin.describe_topics([topic.name for topic in topics])}
    return [_found(topic, described.get(topic.name)) for topic in topics]


def check_topics(found: Sequence[Found], partitions: int) -> None:
    """Raise `MissingTopic` or `PartitionsMismatch`, naming topics and cure, unless each has the partitions it needs.

    Those are so many, or the topic's own fixed number.
    """
    _refuse_missing(found)
    fixed = [entry for entry in found if entry.topic.partitions not in (None, entry.partitions)]
    if fixed:
        wrong = ", ".join(f"{entry.topic.name} ({entry.partitions}, not {entry.topic.partitions})" for entry in fixed)
        raise PartitionsMismatch(
            f"these topics need a number of partitions that no setting changes: {wrong}. "
            "Delete them while they are empty, and run `harmonia topics create`"
        )
    other = [entry for entry in found if entry.topic.partitions is None and entry.partitions != partitions]
    if other:
        there = ", ".join(f"{entry.topic.name} ({entry.partitions})" for entry in other)
        raise PartitionsMismatch(
            f"HARMONIA_PARTITIONS is {partitions}, but other partition counts are there: {there}. "
            "They are fixed for a generation: set it to what is there"
        )


def _wait_for_topics(admin: KafkaAdminClient, settings: Settings) -> None:
    """A broker hears of new topics after they are made; a worker that starts at once would find none.

    It has to be asked again and again, since it tells nobody. Raises `MissingTopic` after ten seconds.
    """
    for _ in range(_PAUSES):
        if all(found.partitions for found in describe_topics(admin, settings)):
            return
        time.sleep(_PAUSE_S)
    raise MissingTopic("the topics were made, and the broker does not know of them: see `harmonia topics describe`")


def require_input_topics(settings: Settings) -> None:
    """Raise `MissingTopic` unless there is each topic that producers write to, with however many partitions."""
    _refuse_missing([entry for entry in _described(settings) if entry.topic in INPUT_TOPICS])


def require_topic(settings: Settings, name: str) -> None:
    """Raise `MissingTopic` unless this one is there."""
    _refuse_missing([entry for entry in _described(settings) if entry.topic.name == name])


def require_topics(settings: Settings) -> None:
    """Raise `MissingTopic` or `PartitionsMismatch` unless all topics are there as the settings say."""
    check_topics(_described(settings), settings.partitions)


def _described(settings: Settings) -> list[Found]:
    admin = KafkaClients(settings).admin()
    try:
        return describe_topics(admin, settings)
    finally:
        admin.close()


def _refuse_missing(found: Sequence[Found]) -> None:
    missing = [entry.topic.name for entry in found if not entry.partitions]
    if missing:
        raise MissingTopic(f"there is no topic {', '.join(missing)}: run `harmonia topics create`")


def _new_topic(topic: Topic, settings: Settings) -> NewTopic:
    config = {**topic.config(), "min.insync.replicas": str(max(1, settings.replication - 1))}
    return NewTopic(topic.name, topic.partitions or settings.partitions, settings.replication, topic_configs=config)


def _found(topic: Topic, described: dict[str, object] | None) -> Found:
    partitions = described.get("partitions") if described and not described["error_code"] else None
    if not isinstance(partitions, list) or not partitions:
        return Found(topic, 0, 0)
    return Found(topic, len(partitions), len(partitions[0]["replica_nodes"]))
