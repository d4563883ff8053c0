"""Whether a worker with these credentials may do what it needs. The brokers say so of each topic that they describe."""

from collections.abc import Iterator, Mapping, Set

from events.topics import (
    CAMPAIGN_HOLDS,
    CONTACT_ALERTS,
    CONTACT_LINKS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    DEAD_LETTERS,
    INPUT_TOPICS,
    INTERACTIONS,
    INTERNAL_TOPICS,
    SYSTEM_ALERTS,
)
from streams.operations.doctor.finding import Finding, fail, ok
from streams.platform.settings import Settings
from streams.platform.topics import CONTACTS_TABLE, LINKS_TABLE, changelog_name

Allowed = Mapping[str, Set[str]]
"""Operations by topic, by their names in Kafka (`READ`); a topic of which the broker says nothing is not in it."""

_READ = (INTERACTIONS, CONTACT_STATE, CONTACT_LINKS, CAMPAIGN_HOLDS)
_WRITTEN = (
    *(INTERACTIONS, CONTACT_STATE, CONTACT_LINKS, CONTACT_SUPPRESSIONS, CONTACT_ALERTS, SYSTEM_ALERTS, DEAD_LETTERS),
)


def needed(settings: Settings) -> dict[str, set[str]]:
    """What a worker does with each topic."""
    own = [topic.name for topic in INTERNAL_TOPICS]
    own += [changelog_name(settings, table) for table in (CONTACTS_TABLE, LINKS_TABLE)]
    needs: dict[str, set[str]] = {name: {"READ", "WRITE"} for name in own}
    for name in (*(topic.name for topic in INPUT_TOPICS), *_READ):
        needs.setdefault(name, set()).add("READ")
    for name in _WRITTEN:
        needs.setdefault(name, set()).add("WRITE")
    return needs


def judge_permissions(allowed: Allowed, settings: Settings) -> Iterator[Finding]:
    """One finding for each topic with which something may not be done; one for all of them when there is none."""
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
    """Whether the consumer group may be joined. `allowed` None: the broker says nothing of a group without members."""
    if allowed is not None and "READ" not in allowed:
        cure = f"kafka-acls.sh --add --allow-principal User:… --operation Read --group {group}"
        yield fail(f"ACL of the group {group}", "READ is not allowed, so no worker can join it", cure)
