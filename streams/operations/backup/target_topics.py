"""Prepares the topics for a restore: missing or empty ones, or those of a system that is to be replaced.

What follows from the state of the contacts is deleted; what producers sent, what was accepted, and what is kept for
people to read stays, in more partitions if there are to be more.
"""

import time
from collections.abc import Iterable, Sequence

from kafka import KafkaAdminClient, TopicPartition

from events.topics import IDENTITY_LINKS, INTERACTIONS, TopicSpec
from streams.operations.backup.manifest import Manifest
from streams.operations.backup.record_files import BackupError
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import CONTACTS_TABLE, DescribedTopic, changelog_name, create_topics, describe_topics

LAST = IDENTITY_LINKS
"""Created when all is written: until then no worker starts."""

_PAUSE_S = 0.05
_PAUSES = 400


def make_room(settings: Settings, manifest: Manifest, *, replace: bool) -> None:
    """Create all topics but the last one, and empty those that the restore writes. Blocks.

    Raises `BackupError` where something may be lost, and Kafka's errors.
    """
    kafka = KafkaClients(settings)
    admin = kafka.tool_admin()
    try:
        require_no_workers(kafka, settings.app_id, "restoring")
        there = [found for found in describe_topics(admin, settings) if found.partitions]
        anew = [found for found in there if not _is_kept(found.topic)]
        if used := _used(kafka, [INTERACTIONS, *(found.topic.name for found in anew)]):
            if not replace:
                raise BackupError(
                    f"there are records already in {', '.join(used)}. If this backup is to take the place of that very "
                    "state, say --replace; else restore into brokers without them"
                )
            _require_the_same(kafka, settings, manifest, there)
        _forget(admin, settings.app_id, [*anew, *(found for found in there if found.topic.restore == "read anew")])
        _delete(admin, anew)
        _grow(admin, settings, [found for found in there if _is_kept(found.topic)])
        create_topics(admin, settings, but=[LAST])
    finally:
        admin.close()


def _is_kept(topic: TopicSpec) -> bool:
    """Whether a topic stays; what is in all others follows from the backup, or begins anew."""
    return topic.restore != "made anew"


def open_for_workers(settings: Settings) -> None:
    """Create the last topic. Blocks."""
    admin = KafkaClients(settings).tool_admin()
    try:
        create_topics(admin, settings)
    finally:
        admin.close()


def require_no_workers(kafka: KafkaClients, group: str, what: str) -> None:
    """Raise `BackupError` while workers run. `what` is the operation that needs none. Blocks."""
    if told := judge_workers(kafka.members_of(group), group, what):
        raise BackupError(told)


def judge_workers(members: int, group: str, what: str) -> str | None:
    """What is wrong with this many running workers; None: nothing."""
    if members == 0:
        return None
    found, them = ("worker", "it") if members == 1 else ("workers", "them")
    return f"{members} {found} of {group} {'is' if members == 1 else 'are'} running: stop {them} before {what}"


def _require_the_same(
    kafka: KafkaClients, settings: Settings, manifest: Manifest, there: Sequence[DescribedTopic]
) -> None:
    """Raise `BackupError` unless the backup is of this very state, with nothing after it and nothing waiting."""
    names = {found.topic.name for found in there}
    if LAST not in names:
        return  # left by an unfinished restore
    changelog = changelog_name(settings, CONTACTS_TABLE)
    if _ends_of(kafka, changelog) != manifest.changelog or _ends_of(kafka, INTERACTIONS) != manifest.interactions:
        raise BackupError(
            "the state that is there is not the one of this backup: something was folded since, or it is another "
            "system's. Stop producers and workers, take a backup, and restore that one; or delete the topics yourself"
        )


def _forget(admin: KafkaAdminClient, group: str, found: Sequence[DescribedTopic]) -> None:
    """Delete the group's offsets of these topics, so that workers read them from the start."""
    places = [TopicPartition(entry.topic.name, number) for entry in found for number in range(entry.partitions)]
    if not places:
        return
    done = admin.list_group_offsets(group)[group]
    if mine := [place for place in places if place in done]:
        admin.delete_group_offsets(group, mine)


def _delete(admin: KafkaAdminClient, found: Sequence[DescribedTopic]) -> None:
    names = {entry.topic.name for entry in found}
    if not names:
        return
    admin.delete_topics(sorted(names))
    for _ in range(_PAUSES):
        if not names & set(admin.list_topics()):
            return
        time.sleep(_PAUSE_S)
    raise BackupError(f"the broker does not delete {', '.join(sorted(names))}: is delete.topic.enable off?")


def _grow(admin: KafkaAdminClient, settings: Settings, found: Sequence[DescribedTopic]) -> None:
    kept = [entry for entry in found if entry.topic.partitions is None]
    if more := [entry.topic.name for entry in kept if entry.partitions > settings.partitions]:
        raise BackupError(
            f"{', '.join(more)}: there are more than {settings.partitions} partitions, and Kafka takes none away. "
            "Restore into another cluster, or delete these topics with what is in them"
        )
    if fewer := [entry.topic.name for entry in kept if entry.partitions < settings.partitions]:
        admin.create_partitions(dict.fromkeys(fewer, settings.partitions))


def _used(kafka: KafkaClients, topics: Iterable[str]) -> list[str]:
    """Topics that hold, or held, records."""
    return [topic for topic in topics if any(_ends_of(kafka, topic))]


def _ends_of(kafka: KafkaClients, topic: str) -> list[int]:
    """The end offsets of a topic's partitions."""
    consumer = kafka.tool_consumer()
    try:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = consumer.end_offsets(places)
        return [ends[place] for place in places]
    finally:
        consumer.close()
