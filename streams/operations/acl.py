"""Who may do what in Kafka, and nothing else: `deploy/acl/kafka.acl`, made of the list of topics by `make schemas`.

With a `HARMONIA_TOPIC_PREFIX` as argument: the list of that deployment, whose users begin with it too. A test holds
the committed file to this, and another applies it to a real broker. What is not of a topic, such as a consumer group,
is listed here; the rights to topics follow from who reads and writes each.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from events.topics import AGENTS, ALL, Beside, Program, TopicSpec
from streams.platform.topics import changelog_topics

APP_ID = "harmonia"
"""Of whose group, changelogs and transactions the file is."""
WORKER = "harmonia-worker"
TOPICS = "harmonia-topics"
_OF_WORKERS = frozenset({*AGENTS, *get_args(Beside)})
_WATCHING: frozenset[Program] = frozenset({"harmonia-console", "harmonia-operator"})
"""Who sees by `status` how far workers are in each topic that they read, and how long its oldest record waits."""
_FAMILIES = ("contact-", "experiment-", "campaign-")
"""Beginnings of names: `harmonia topics create` may make whatever begins so, as well as a topic that is named."""

_HEAD = """\
# Who may do what in Kafka, and nothing else: all that is not listed is refused (StandardAuthorizer, no
# allow.everyone.if.no.acl.found). For HARMONIA_APP_ID=harmonia. README.md says how to apply it; a test applies this
# file to a real broker, works with it, and finds what it does not allow refused. Made by `make schemas` of what
# events/topics.py says of each topic; do not change it by hand.
#
# who                operations             on                name                          pattern
"""
_SECTIONS: Mapping[str, tuple[str, ...]] = {
    """\
# A worker reads what producers say. Of what it writes in transactions it reads too: a new owner has to see (and the
# broker tells only readers) what a dead one has left open.
""": (WORKER,),
    """\
# The API answers from Redis; here it writes down what it has answered, and until when it has reserved anybody. It reads
# history for `GET /v1/insights` alone, and asks workers for previews of segments.
""": ("harmonia-api",),
    """\
# The gateway takes what tools send. Nobody commands by way of it but who has a token for that.
""": ("harmonia-gateway",),
    """\
# The console and `harmonia console follow`. It shows what topics say, holds campaigns, decides about people, defines
# segments and asks workers for previews of them; who looked and acted it writes down. For `/status` and `/days` it
# reads what `status` and `report daily` read; why somebody is in a segment, from the table of contacts.
""": ("harmonia-console",),
    """\
# `harmonia topics create` and `describe`: at an installation, and at an upgrade that brings a topic.
""": (TOPICS,),
    """\
# People at a terminal: `harmonia contact`, `hold`, `campaigns`, `alerts`, `suppressions`, `status`, `experiments`,
# `segments`, `assign`, `dead-letters`, `deliveries`, `insights`, `report`. What they send anew was said by somebody
# before, and goes where that was to go. `status` reads how long the oldest record of a topic waits, and how much of a
# source was accepted.
""": ("harmonia-operator",),
    """\
# `harmonia backup` reads what the state is made of, and of input topics what no worker has taken in yet. `harmonia
# restore` makes and deletes topics: an administrator's work. `harmonia rebuild build` reads what a backup reads,
# `compare` also what is out; `switch` restores: an administrator's work as well.
""": ("harmonia-backup",),
    """\
# `harmonia lake` writes files; in Kafka it only reads.
""": ("harmonia-lake",),
    """\
# `harmonia sink postgres` copies into a database; in Kafka it only reads.
""": ("harmonia-postgres",),
    """\
# `harmonia deliver` tells endpoints; who is how far it writes in transactions, of which it may see what is left open.
# It has no consumer group, and asks for one to find out whether Kafka is there.
""": ("harmonia-deliver",),
    """\
# `harmonia report daily`, where nobody is at a terminal.
""": ("harmonia-report",),
    """\
# Producers, one for each topic: an e-mail tool forges no gifts, and none of them commands or reads anything.
""": ("producer-email", "producer-donation", "producer-canvass", "producer-outreach"),
    """\
# Readers of profiles: another team's database, a dashboard. Their consumer groups begin with `reader-`.
""": ("reader",),
}


@dataclass(frozen=True, slots=True)
class Right:
    """What one user may do with one resource of Kafka; `prefixed`: with each whose name begins so."""

    user: str
    operations: tuple[str, ...]
    name: str
    kind: str = "topic"
    prefixed: bool = False

    def line(self, prefix: str = "") -> str:
        """The line of the list; `prefix`: that of the deployment."""
        pattern, user, name = "prefixed" if self.prefixed else "literal", prefix + self.user, prefix + self.name
        return f"{user:<20} {','.join(self.operations):<22} {self.kind:<17} {name:<29} {pattern}"


_BESIDES_TOPICS = (
    Right(WORKER, ("Read",), APP_ID, "group"),
    Right(WORKER, ("Write", "Describe"), f"{APP_ID}-", "transactional-id", prefixed=True),
    Right("harmonia-console", ("Describe",), APP_ID, "group"),
    Right("harmonia-operator", ("Describe",), APP_ID, "group"),
    Right("harmonia-operator", ("Write", "Describe"), f"{APP_ID}-requeue", "transactional-id"),
    Right("harmonia-backup", ("Describe",), APP_ID, "group"),
    Right("harmonia-lake", ("Read",), f"{APP_ID}-lake", "group"),
    Right("harmonia-postgres", ("Read",), f"{APP_ID}-postgres", "group"),
    Right("harmonia-deliver", ("Describe",), f"{APP_ID}-deliver", "group"),
    Right("harmonia-deliver", ("Write", "Describe"), f"{APP_ID}-deliver", "transactional-id"),
    Right("reader", ("Read",), "reader-", "group", prefixed=True),
)


def page(prefix: str = "") -> str:
    """The whole list; `prefix`: that of the deployment."""
    listed = [*rights()]
    lines = [_HEAD]
    for text, users in _SECTIONS.items():
        lines += ["\n", text, *(f"{right.line(prefix)}\n" for right in listed if right.user in users)]
    return "".join(lines)


def rights() -> Iterator[Right]:
    """Every right there is, by user."""
    topics = [*ALL, *changelog_topics(APP_ID)]
    for topic in topics:
        yield Right(WORKER, of_workers(topic), topic.name)
    yield from _of_topics_command()
    for program in get_args(Program):
        for topic in topics:
            if operations := _of_program(topic, program):
                yield Right(program, operations, topic.name)
    yield from _BESIDES_TOPICS


def of_workers(topic: TopicSpec) -> tuple[str, ...]:
    """What a worker does with a topic; at least it looks whether that is there."""
    if _OF_WORKERS.intersection((*topic.written_by, *topic.woken_by)):
        return ("Read", "Write")
    return ("Read",) if _OF_WORKERS.intersection(topic.read_by) else ("Describe",)


def _of_program(topic: TopicSpec, program: Program) -> tuple[str, ...]:
    is_watched = topic in ALL and not set(AGENTS).isdisjoint(topic.read_by)
    says = {"Read": {*topic.read_by, *(_WATCHING if is_watched else ())}, "Write": {*topic.written_by}}
    return tuple(operation for operation, parties in says.items() if program in parties)


def _of_topics_command() -> Iterator[Right]:
    operations = ("Create", "Describe")
    for prefix in (*_FAMILIES, f"{APP_ID}-"):
        yield Right(TOPICS, operations, prefix, prefixed=True)
    for topic in ALL:
        if not topic.name.startswith(_FAMILIES):
            yield Right(TOPICS, operations, topic.name)


if __name__ == "__main__":
    sys.stdout.write(page(*sys.argv[1:2]))
