"""Checks whether a worker with these credentials may do what it needs, as brokers say when they describe topics."""

from collections.abc import Iterator, Mapping, Set

from streams.operations.acl import of_workers
from streams.operations.doctor.finding import Finding, fail, ok
from streams.platform.settings import Settings
from streams.platform.topics import wanted_topics

Allowed = Mapping[str, Set[str]]
"""Operations by topic, by their names in Kafka (`READ`); without topics of which the broker says nothing."""


def needed(settings: Settings) -> dict[str, set[str]]:
    """The operations that a worker needs on each topic that it reads or writes."""
    needs = {topic.name: {one.upper() for one in of_workers(topic)} for topic in wanted_topics(settings)}
    return {name: operations for name, operations in needs.items() if operations != {"DESCRIBE"}}


def judge_permissions(allowed: Allowed, settings: Settings) -> Iterator[Finding]:
    """A finding for each topic on which an operation is not allowed; one for all of them when there is none."""
    missing = {
        name: sorted(operations - allowed[name]) for name, operations in needed(settings).items() if name in allowed
    }
    wrong = {name: operations for name, operations in missing.items() if operations}
    for name, operations in sorted(wrong.items()):
        words = " ".join(f"--operation {operation.capitalize()}" for operation in operations)
        cure = f"kafka-acls.sh --add --allow-principal User:… {words} --topic {name}"
        yield fail(f"ACL of {name}", f"{', '.join(operations)} is not allowed", cure)
    if missing and not wrong:
        yield ok("ACLs of topics", f"a worker may do what it needs with all {len(missing)}")


def judge_group(allowed: Set[str] | None, group: str) -> Iterator[Finding]:
    """Whether the consumer group may be joined.

    `allowed` None: the broker says nothing of a group without members.
    """
    if allowed is not None and "READ" not in allowed:
        cure = f"kafka-acls.sh --add --allow-principal User:… --operation Read --group {group}"
        yield fail(f"ACL of the group {group}", "READ is not allowed, so no worker can join it", cure)
