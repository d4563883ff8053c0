"""Makes and checks the topics on the broker: those of the contract, and the changelog of each table."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import InvalidReplicationFactorError, UnknownTopicOrPartitionError

from events.topics import (
    AGENTS,
    ALL,
    OF_BACKFILLS,
    OF_CAMPAIGNS,
    OF_PROFILES,
    OF_SUMS,
    UNTIL_ERASED,
    Agent,
    Party,
    Program,
    TopicSpec,
)
from streams.domain.replication import wanted_in_sync
from streams.platform.clients import KafkaClients
from streams.platform.described_topics import refuse_undescribed
from streams.platform.errors import MissingTopic, PartitionsMismatch, TooFewBrokers
from streams.platform.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """Describes a table of the workers: that of the agent of this name, which folds into it.

    `partitions`: where it has so many whatever the settings say; else as many as each topic that is folded into it.
    The other fields are those of `TopicSpec`, of its changelog.
    """

    name: Agent
    purpose: str
    people: str
    stays: str
    partitions: int | None = None
    read_by: tuple[Party, ...] = ()
    restore: Literal["kept", "made anew"] = "made anew"


CONTACTS_TABLE: Final = "contacts"
LINKS_TABLE: Final = "links"
CAMPAIGNS_TABLE: Final = "campaigns"
EXPERIMENTS_TABLE: Final = "experiments"

TABLE_SPECS = (
    TableSpec(
        name=CONTACTS_TABLE,
        purpose="State of the contacts",
        people=f"{OF_PROFILES}; in which segments somebody is, and while a backfill is under way {OF_BACKFILLS}",
        stays=UNTIL_ERASED,
        read_by=("harmonia-console", "harmonia-operator", "harmonia-backup"),
    ),
    TableSpec(
        name=LINKS_TABLE,
        purpose="State of the links",
        people=OF_PROFILES,
        stays=UNTIL_ERASED,
        partitions=1,  # who is one person is found in one place
    ),
    TableSpec(
        name=CAMPAIGNS_TABLE,
        purpose="Counts of campaigns",
        people=OF_CAMPAIGNS,
        stays="until nothing was heard of the campaign for 30 days",
        partitions=1,
        read_by=("harmonia-operator",),
        restore="kept",  # sums of campaigns do not depend on the partitions of contacts
    ),
    TableSpec(
        name=EXPERIMENTS_TABLE,
        purpose="Sums of experiments",
        people=OF_SUMS,
        stays="until nothing was heard of the experiment for 400 days",
        partitions=1,  # all experiments are judged together
    ),
)
TABLES: tuple[str, ...] = tuple(table.name for table in TABLE_SPECS)

_AS_BROKERS_SAY = -1
_PAUSE_S = 0.05
_PAUSES = 200


@dataclass(frozen=True, slots=True)
class DescribedTopic:
    """A topic as the broker has it; `partitions` 0: the broker's `error_code` says why, 0: it is not there."""

    topic: TopicSpec
    partitions: int
    replication: int
    error_code: int = 0


def wanted_topics(settings: Settings) -> list[TopicSpec]:
    """Every topic that this deployment needs."""
    return [*ALL, *changelog_topics(settings.app_id)]


def changelog_topics(app_id: str) -> list[TopicSpec]:
    """The changelog topics of all tables."""
    return [
        TopicSpec(
            name=changelog_of(app_id, table.name),
            purpose=f"{table.purpose}; Harmonia's own",
            cleanup="compact",
            people=table.people,
            stays=table.stays,
            max_message_bytes=8 << 20,
            partitions=table.partitions,
            written_by=(table.name,),
            read_by=(table.name, *table.read_by),
            restore=table.restore,
        )
        for table in TABLE_SPECS
    ]


def changelog_name(settings: Settings, table: str) -> str:
    """The changelog topic of a table, as Faust names it."""
    return changelog_of(settings.app_id, table)


def changelog_of(app_id: str, table: str) -> str:
    """The changelog topic of a table of the app of this id."""
    return f"{app_id}-{table}-changelog"


def topics_read_by_workers(settings: Settings) -> dict[str, int]:
    """The topics that the agents of workers read, each with its number of partitions."""
    read = (topic for topic in ALL if not set(AGENTS).isdisjoint(topic.read_by))
    return {topic.name: topic.partitions or settings.partitions for topic in read}


def create_topics(admin: KafkaAdminClient, settings: Settings, *, but: Collection[str] = ()) -> list[str]:
    """Make the topics that are missing; returns their names once they are there. Existing ones are left as they are.

    `but`: those that are not to be made. Raises Kafka's errors, and `TooFewBrokers`.
    """
    found = [entry for entry in describe_topics(admin, settings) if entry.topic.name not in but]
    missing = [entry.topic for entry in found if not entry.partitions]
    if missing:
        try:
            admin.create_topics([_new_topic(topic, settings) for topic in missing])
        except InvalidReplicationFactorError as error:
            raise _too_few_brokers(admin, settings) from error
        _wait_for_topics(admin, settings, but)
    return [topic.name for topic in missing]


def describe_topics(admin: KafkaAdminClient, settings: Settings) -> list[DescribedTopic]:
    """Every topic that this deployment needs, as the broker has it."""
    topics = wanted_topics(settings)
    described = {entry["name"]: entry for entry in admin.describe_topics([topic.name for topic in topics])}
    return [_described_topic(topic, described.get(topic.name)) for topic in topics]


def check_topics(found: Sequence[DescribedTopic], partitions: int) -> None:
    """Raise `PartitionsMismatch` or as `require_topic`, naming topics and cure, unless each has its partitions.

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


def _wait_for_topics(admin: KafkaAdminClient, settings: Settings, but: Collection[str]) -> None:
    """Wait until the broker knows of new topics: a worker that starts at once would find none.

    It has to be asked again and again, since it tells nobody. Raises `MissingTopic` after ten seconds.
    """
    for _ in range(_PAUSES):
        if all(found.partitions or found.topic.name in but for found in describe_topics(admin, settings)):
            return
        time.sleep(_PAUSE_S)
    raise MissingTopic("the topics were made, and the broker does not know of them: see `harmonia topics describe`")


def require_topic(settings: Settings, name: str) -> None:
    """Raise `MissingTopic`, `HiddenTopic` or `KafkaAway` unless the topic of this name is there."""
    _refuse_missing([entry for entry in _described(settings) if entry.topic.name == name])


def require_topics(settings: Settings, reader: Program | None = None) -> None:
    """Raise `MissingTopic`, `HiddenTopic`, `KafkaAway` or `PartitionsMismatch` unless all are as the settings say.

    `reader`: ask only for those that this program reads; it may not see others.
    """
    found = _described(settings)
    check_topics([each for each in found if reader is None or reader in each.topic.read_by], settings.partitions)


def _described(settings: Settings) -> list[DescribedTopic]:
    admin = KafkaClients(settings).tool_admin()
    try:
        return describe_topics(admin, settings)
    finally:
        admin.close()


def _refuse_missing(found: Sequence[DescribedTopic]) -> None:
    without = [entry for entry in found if not entry.partitions]
    refuse_undescribed({entry.topic.name: entry.error_code or UnknownTopicOrPartitionError.errno for entry in without})


def config_of(topic: TopicSpec, replication: int | None) -> dict[str, str]:
    """The broker's settings of a topic, as `create_topics` gives them to a new one of so many replicas.

    None: brokers decide how many, and how many of them have to be in sync.
    """
    own = {} if replication is None else {"min.insync.replicas": str(wanted_in_sync(replication))}
    return {**topic.config(), **own}


def is_as_wanted(entry: DescribedTopic, partitions: int) -> bool:
    """Whether a topic has the partitions that it needs: as many as the settings say, or its own fixed number."""
    return entry.partitions == (entry.topic.partitions or partitions)


def _new_topic(topic: TopicSpec, settings: Settings) -> NewTopic:
    count = topic.partitions or settings.partitions
    replication = settings.replication
    return NewTopic(topic.name, count, replication or _AS_BROKERS_SAY, topic_configs=config_of(topic, replication))


def _too_few_brokers(admin: KafkaAdminClient, settings: Settings) -> TooFewBrokers:
    up = sum(not broker.get("is_fenced") for broker in admin.describe_cluster()["brokers"])
    brokers = f"{up} {'broker is' if up == 1 else 'brokers are'} up, and each replica needs one of its own"
    if settings.replication is None:
        return TooFewBrokers(
            f"{brokers}: default.replication.factor of the brokers asks for more. Start more of them, or set "
            f"HARMONIA_REPLICATION to {up} or less"
        )
    return TooFewBrokers(f"HARMONIA_REPLICATION is {settings.replication}, but {brokers}: start more brokers first")


def _described_topic(topic: TopicSpec, described: dict[str, object] | None) -> DescribedTopic:
    partitions = described.get("partitions") if described and not described["error_code"] else None
    if not isinstance(partitions, list) or not partitions:
        return DescribedTopic(topic, 0, 0, cast(int, described["error_code"]) if described else 0)
    return DescribedTopic(topic, len(partitions), len(partitions[0]["replica_nodes"]))
