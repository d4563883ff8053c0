"""Every topic but the tables' changelogs: the one list from which all others are derived.

A topic is one entry here. From it follow what `harmonia topics create` makes, what workers subscribe to and mark as
theirs, what `status` and `doctor` look at, the rights in `deploy/acl/kafka.acl`, what becomes of it when a backup is
restored, and what `docs/privacy.md` says of it. Partition counts are a setting, fixed for a generation; those that no
setting changes are here.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

EMAIL_EVENTS = "email-events"
DONATION_EVENTS = "donation-events"
CANVASS_EVENTS = "canvass-events"
OUTREACH_EVENTS = "outreach-events"
CONTACT_COMMANDS = "contact-commands"

INTERACTIONS = "interactions"
CONTACT_STATE = "contact-state"
CONTACT_LINKS = "contact-links"
CONTACT_SUPPRESSIONS = "contact-suppressions"
CONTACT_ALERTS = "contact-alerts"
SYSTEM_ALERTS = "system-alerts"
EXPERIMENT_RESULTS = "experiment-results"
EXPERIMENT_DEFINITIONS = "experiment-definitions"
SEGMENT_DEFINITIONS = "segment-definitions"
CONTACT_SEGMENTS = "contact-segments"
SEGMENT_CHANGES = "segment-changes"
SEGMENT_COUNTS = "segment-counts"
CAMPAIGN_HOLDS = "campaign-holds"
CAMPAIGN_TRANSPARENCY = "campaign-transparency"
RIGHTS_REQUESTS = "rights-requests"
AUDIT_LOG = "audit-log"
DEAD_LETTERS = "dead-letters"

DELIVERIES = "deliveries"
DELIVERY_LOG = "delivery-log"
DEAD_DELIVERIES = "dead-deliveries"

DEAD_LETTERS_REQUEUED = "dead-letters-requeued"
QUARANTINE = "quarantine"
SOURCE_QUARANTINES = "source-quarantines"

IDENTITY_LINKS = "identity-links"
CONTACT_ROOFS = "contact-roofs"
CONTACT_FRAGMENTS = "contact-fragments"
CAMPAIGN_COUNTS = "campaign-counts"
EXPERIMENT_PARTIALS = "experiment-partials"
EXPERIMENT_SWEEPS = "experiment-sweeps"
SEGMENT_WORK = "segment-work"

SinkOnRedis = Literal["redis", "holds", "results", "segments"]
"""The agents of a worker that give Redis what a topic says; their positions are in Redis too."""
Sink: TypeAlias = SinkOnRedis
"""The agents of a worker that give a store what a topic says; one elsewhere makes it `Literal[SinkOnRedis, "name"]`."""
Agent: TypeAlias = Literal["intake", "contacts", "links", "campaigns", "experiments"] | Sink
"""The agents of a worker: members of its consumer group, by the name that metrics and tables bear."""
Beside = Literal["quarantining", "held_records", "rights"]
"""What a worker runs beside its agents, outside of any consumer group: `streams/worker/quarantine_monitor.py`,
`rights_monitor.py`."""
Program = Literal[
    "harmonia-api",
    "harmonia-gateway",
    "harmonia-console",
    "harmonia-operator",
    "harmonia-backup",
    "harmonia-lake",
    "harmonia-postgres",
    "harmonia-deliver",
    "harmonia-report",
    "producer-email",
    "producer-donation",
    "producer-canvass",
    "producer-outreach",
    "reader",
]
"""Users of Kafka besides workers, as `deploy/acl` names them."""
Party: TypeAlias = Agent | Beside | Program

SINKS_ON_REDIS: tuple[SinkOnRedis, ...] = get_args(SinkOnRedis)
SINKS: tuple[Sink, ...] = get_args(Sink)
AGENTS: tuple[Agent, ...] = (*get_args(get_args(Agent)[0]), *SINKS)

_MIB = 1_048_576
_DAY_MS = 86_400_000
DELETE_RETENTION_MS = 7 * _DAY_MS
"""How long a compacted topic keeps a null record; a reader that is away for longer must start over."""
COMPACTION_LAG_MS = 3 * _DAY_MS
"""How long a compacted topic may keep a record after a later one of its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """One topic.

    The broker's clock stamps its records (`LogAppendTime`), not the producer's: a broker refuses what comes from a
    clock that is an hour ahead, and deletes at once what comes from one that is behind by as long as it keeps records.

    `purpose`: what it is for. `people`: what of a person is in it, for `docs/privacy.md`, beginning with `nobody` or
    `no contact` where that is nothing; `stays`: for how long, where that is not just its retention.
    `partitions`: where it has so many whatever the settings say. `whole_ms`: of a compacted topic, how long a record
    stays at least after a later one of its key; for readers to whom what was said in between matters.
    `written_by`, `read_by`: parts of a worker and programs. An agent with a table writes in the transactions in which
    it folds; `woken_by` are those that send it something outside of them, so that there is anything to fold.
    `is_rewritten`: of a compacted topic, that few keys are written again and again, many times a second.
    `crosses`: a partition of contacts writes to every partition of it, not only to the one of its own number.
    `restore`: what becomes of it when a backup is restored. `kept`: what it holds stays; `read anew`: the same, and
    workers read it from the start; `made anew`: deleted, since it follows from the backup or begins anew.
    `is_urgent`: a donation or somebody's no goes through it, so that waiting there calls somebody.
    """

    name: str
    purpose: str
    cleanup: Literal["delete", "compact"]
    people: str
    stays: str = ""
    max_message_bytes: int = _MIB
    retention_ms: int = 30 * _DAY_MS
    partitions: int | None = None
    whole_ms: int = 0
    written_by: tuple[Party, ...] = ()
    read_by: tuple[Party, ...] = ()
    woken_by: tuple[Agent, ...] = ()
    is_rewritten: bool = False
    crosses: bool = False
    restore: Literal["kept", "read anew", "made anew"] = "made anew"
    is_urgent: bool = False

    @property
    def is_of_nobody(self) -> bool:
        """Whether nothing in it is of a contact."""
        return self.people.startswith(("nobody", "no contact"))

    def config(self) -> dict[str, str]:
        """Settings for the broker, as text. `retention.ms` only where records are deleted by age.

        A segment is deleted as a whole, so segments of a day keep that age honest. Nor is a segment compacted that is
        still written to, and a topic with little traffic would not fill one in months: so here too it ends after a day,
        and Kafka must compact whatever is three days old. What was erased is gone then, and its null record after the
        week for which readers need it.
        """
        settings = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
        }
        settings["segment.ms"] = str(_DAY_MS)
        if self.cleanup == "delete":
            return settings | {"retention.ms": str(self.retention_ms)}
        if self.is_rewritten:  # a segment of the usual size is a gigabyte, all of which whoever reads it would read
            settings |= {"segment.bytes": str(64 * _MIB), "min.cleanable.dirty.ratio": "0.1"}
        return settings | {
            "delete.retention.ms": str(DELETE_RETENTION_MS),
            "min.compaction.lag.ms": str(self.whole_ms),
            "max.compaction.lag.ms": str(COMPACTION_LAG_MS),
        }


OF_PROFILES = "profile, links and state; keyed hashes, no address, name or phone"
OF_CAMPAIGNS = (
    "nobody: numbers, and source and id of complaints and unsubscriptions, which lead to a person only while "
    "`interactions` or the profile has them"
)
_OF_SEGMENTS = "contact_id, in which segments somebody is, and since when"
OF_BACKFILLS = "under which key of a table a backfill goes on"
OF_SUMS = f"nobody: sums over people, and {OF_BACKFILLS}"
_OF_ALERTS = "contact_id or hash, and what was seen"
UNTIL_ERASED = "until replaced or erased, see below"


def _input(name: str, producers: tuple[Program, ...], purpose: str) -> TopicSpec:
    """Larger than the 256 KiB that a record may have, so that one too large is a dead letter and not a lost one."""
    return TopicSpec(
        name=name,
        purpose=purpose,
        cleanup="delete",
        people="what producers sent, addresses included",
        max_message_bytes=_MIB + 65_536,
        retention_ms=7 * _DAY_MS,
        written_by=(*producers, "harmonia-gateway", "harmonia-operator"),
        read_by=("intake", "harmonia-console", "harmonia-operator", "harmonia-backup"),
        restore="kept",
        is_urgent=True,
    )


INPUT_TOPICS = (
    _input(EMAIL_EVENTS, ("producer-email",), "What became of a mailing: sent, opened, clicked, bounced, unsubscribed"),
    _input(DONATION_EVENTS, ("producer-donation",), "Gifts, refunds and pledges"),
    _input(CANVASS_EVENTS, ("producer-canvass",), "What canvassers and election offices report"),
    _input(OUTREACH_EVENTS, ("producer-outreach",), "Text messages, meetings and forms"),
    _input(CONTACT_COMMANDS, ("harmonia-api", "harmonia-console"), "Link, unlink, suppress, erase a contact"),
)
OUTPUT_TOPICS = (
    TopicSpec(
        name=INTERACTIONS,
        purpose="Every accepted interaction, harmonised, by fragment",
        cleanup="delete",
        people="every accepted interaction; identifiers as keyed hashes, of an e-mail address the "
        "[provider](alerts.md#which-mailbox-provider) where mail is what it is about, but what producers put into "
        "`url`, `reason` and unknown fields as it came",
        max_message_bytes=2 * _MIB,
        written_by=("intake", "harmonia-operator"),
        read_by=(
            "contacts",
            "harmonia-api",
            "harmonia-console",
            "harmonia-operator",
            "harmonia-backup",
            "harmonia-lake",
            "harmonia-report",
        ),
        restore="kept",
        is_urgent=True,
    ),
    TopicSpec(
        name=CONTACT_STATE,
        purpose="The latest profile of each contact",
        cleanup="compact",
        people=OF_PROFILES,
        stays=UNTIL_ERASED,
        max_message_bytes=8 * _MIB,
        written_by=("contacts",),
        read_by=(
            "redis",
            "harmonia-console",
            "harmonia-operator",
            "harmonia-backup",
            "harmonia-lake",
            "harmonia-postgres",
            "harmonia-deliver",
            "reader",
        ),
    ),
    TopicSpec(
        name=CONTACT_LINKS,
        purpose="Which contact each id belongs to that was merged into another",
        cleanup="compact",
        people=OF_PROFILES,
        stays=UNTIL_ERASED,
        written_by=("contacts",),
        read_by=(
            "redis",
            "harmonia-console",
            "harmonia-operator",
            "harmonia-backup",
            "harmonia-lake",
            "harmonia-postgres",
            "reader",
        ),
    ),
    TopicSpec(
        name=CONTACT_SUPPRESSIONS,
        purpose="Channels that are closed to everyone, by contact",
        cleanup="compact",
        people=OF_PROFILES,
        stays=UNTIL_ERASED,
        written_by=("contacts",),
        read_by=(
            *("harmonia-console", "harmonia-operator", "harmonia-lake", "harmonia-postgres", "harmonia-deliver"),
            "reader",
        ),
    ),
    TopicSpec(
        name=CONTACT_ALERTS,
        purpose="What someone should look at, by contact",
        cleanup="delete",
        people=_OF_ALERTS,
        written_by=("contacts",),
        read_by=("harmonia-console", "harmonia-operator", "harmonia-deliver", "reader"),
        restore="kept",
    ),
    TopicSpec(
        name=SYSTEM_ALERTS,
        purpose="What someone should look at, by campaign, team, source or topic",
        cleanup="delete",
        people=_OF_ALERTS,
        written_by=("links", "campaigns", "experiments", "quarantining"),
        read_by=("harmonia-console", "harmonia-operator", "harmonia-deliver", "reader"),
        restore="kept",
    ),
    TopicSpec(
        name=EXPERIMENT_RESULTS,
        purpose="The running result of each experiment",
        cleanup="compact",
        people="nobody: sums over people",
        stays="until replaced",
        written_by=("experiments",),
        read_by=("results", "harmonia-postgres", "harmonia-deliver", "reader"),
    ),
    TopicSpec(
        name=EXPERIMENT_DEFINITIONS,
        purpose="Experiments as they are planned, each in every partition",
        cleanup="compact",
        people="nobody: what is tried and how it is judged; keep names out of `owner` and `hypothesis`",
        stays="until replaced or withdrawn",
        written_by=("harmonia-operator",),
        read_by=("contacts", "harmonia-console", "harmonia-operator", "harmonia-backup"),
        restore="read anew",
    ),
    TopicSpec(
        name=CONTACT_SEGMENTS,
        purpose="The segments that each contact is in",
        cleanup="compact",
        people=_OF_SEGMENTS,
        stays=UNTIL_ERASED,
        written_by=("contacts",),
        read_by=("segments", "harmonia-console", "harmonia-operator", "harmonia-postgres", "reader"),
    ),
    TopicSpec(
        name=SEGMENT_CHANGES,
        purpose="Who entered and left which segments, and why",
        cleanup="delete",
        people="contact_id, and which segments somebody entered or left",
        written_by=("contacts",),
        read_by=("harmonia-console", "harmonia-operator", "harmonia-deliver", "reader"),
    ),
    TopicSpec(
        name=SEGMENT_COUNTS,
        purpose="How many are in each segment, by partition",
        cleanup="compact",
        people="nobody: numbers of people",
        stays="until replaced or withdrawn",
        written_by=("contacts",),
        read_by=("segments", "harmonia-console", "harmonia-operator", "harmonia-postgres", "reader"),
    ),
    TopicSpec(
        name=SEGMENT_DEFINITIONS,
        purpose="Segments as they are defined, each in every partition",
        cleanup="compact",
        people="nobody: what makes somebody a member; keep names out of `owner`",
        stays="until replaced or withdrawn",
        written_by=("harmonia-console", "harmonia-operator"),
        read_by=(
            "contacts",
            "segments",
            "harmonia-console",
            "harmonia-operator",
            "harmonia-backup",
            "harmonia-postgres",
        ),
        restore="read anew",
    ),
    TopicSpec(
        name=CAMPAIGN_HOLDS,
        purpose="Campaigns that may reach nobody, and until when",
        cleanup="compact",
        people="no contact: campaigns, until when anybody may be reserved, and who put a campaign on hold",
        stays="until replaced",
        partitions=1,
        written_by=("harmonia-api", "harmonia-console", "harmonia-operator"),
        read_by=("holds", "harmonia-console", "harmonia-operator", "harmonia-backup"),
        restore="kept",
    ),
    TopicSpec(
        name=CAMPAIGN_TRANSPARENCY,
        purpose="Who pays for a campaign, how much, for which election and when; every version of each record",
        cleanup="delete",
        people="no contact: the sponsor of a campaign, who may be a person, and who wrote it down",
        retention_ms=8 * 365 * _DAY_MS,
        partitions=1,
        written_by=("harmonia-operator",),
        read_by=("harmonia-operator", "harmonia-backup"),
        restore="kept",
    ),
    TopicSpec(
        name=RIGHTS_REQUESTS,
        purpose="Requests by which people use their rights over their data, step by step, until each is closed",
        cleanup="compact",
        people="contact_id, which right somebody uses, when, and what came of it",
        stays="until erased, then a count; closed ones until `harmonia rights forget`",
        partitions=1,
        written_by=("harmonia-api", "harmonia-console", "harmonia-operator", "rights"),
        read_by=("harmonia-api", "harmonia-console", "harmonia-operator", "harmonia-backup", "rights"),
        restore="kept",
    ),
    TopicSpec(
        name=AUDIT_LOG,
        purpose="Who asked what about whom, and what was answered",
        cleanup="delete",
        people="contact_id of whom a team asked about, and what it was answered; who of the organisation asked, looked "
        "or decided",
        max_message_bytes=4 * _MIB,
        retention_ms=365 * _DAY_MS,
        written_by=("harmonia-api", "harmonia-console", "harmonia-operator"),
        read_by=("harmonia-console", "harmonia-operator", "harmonia-report"),
        restore="kept",
    ),
    TopicSpec(
        name=DELIVERIES,
        purpose="How far each endpoint of `harmonia deliver` is, and what it has still to be told",
        cleanup="compact",
        people="offsets of records that endpoints have still to be told, each with a hash of its key; contact_id of "
        "whom they have still to forget",
        stays="until it is told, dead or erased",
        partitions=1,
        is_rewritten=True,
        written_by=("harmonia-deliver", "harmonia-operator"),
        read_by=("harmonia-deliver", "harmonia-console", "harmonia-operator"),
        restore="kept",
    ),
    TopicSpec(
        name=DELIVERY_LOG,
        purpose="What became of each attempt to tell an endpoint something",
        cleanup="delete",
        people="nobody: places of records, and how endpoints answered",
        partitions=1,
        written_by=("harmonia-deliver",),
        read_by=("harmonia-deliver", "harmonia-operator"),
        restore="kept",
    ),
    TopicSpec(
        name=DEAD_DELIVERIES,
        purpose="What endpoints were not told, however often it was tried",
        cleanup="delete",
        people="offsets of records that endpoints were not told, each with a hash of its key",
        partitions=1,
        written_by=("harmonia-deliver",),
        read_by=("harmonia-deliver", "harmonia-console", "harmonia-operator"),
        restore="kept",
    ),
    TopicSpec(
        name=DEAD_LETTERS,
        purpose="Refused records, byte for byte, and why",
        cleanup="delete",
        people="refused records byte for byte, addresses included",
        max_message_bytes=16 * _MIB,
        retention_ms=90 * _DAY_MS,
        written_by=("intake", "contacts", "harmonia-gateway"),
        read_by=("harmonia-console", "harmonia-operator", "harmonia-report"),
        restore="kept",
    ),
)
INTERNAL_TOPICS = (
    TopicSpec(
        name=IDENTITY_LINKS,
        purpose="Which identifiers were named together, and what was ruled; Harmonia's own",
        cleanup="compact",
        people=OF_PROFILES,
        stays=UNTIL_ERASED,
        partitions=1,
        whole_ms=_DAY_MS,
        written_by=("contacts",),
        read_by=("links",),
        woken_by=("links",),
    ),
    TopicSpec(
        name=CONTACT_ROOFS,
        purpose="Which identifier names a person; Harmonia's own",
        cleanup="compact",
        people=OF_PROFILES,
        stays=UNTIL_ERASED,
        whole_ms=_DAY_MS,
        written_by=("links",),
        read_by=("contacts", "harmonia-operator", "harmonia-backup", "harmonia-lake"),
        is_urgent=True,
    ),
    TopicSpec(
        name=CONTACT_FRAGMENTS,
        purpose="Parts of a person, by roof; Harmonia's own",
        cleanup="compact",
        people=OF_PROFILES,
        stays=UNTIL_ERASED,
        max_message_bytes=8 * _MIB,
        whole_ms=_DAY_MS,
        written_by=("contacts",),
        read_by=("contacts",),
        crosses=True,
        is_urgent=True,
    ),
    TopicSpec(
        name=CAMPAIGN_COUNTS,
        purpose="What was sent of a campaign and who wanted no more, chunk by chunk; Harmonia's own",
        cleanup="delete",
        people=OF_CAMPAIGNS,
        retention_ms=7 * _DAY_MS,
        partitions=1,
        written_by=("contacts",),
        read_by=("campaigns",),
        restore="kept",
    ),
    TopicSpec(
        name=EXPERIMENT_PARTIALS,
        purpose="What people have added to experiments, chunk by chunk; Harmonia's own",
        cleanup="delete",
        people=OF_SUMS,
        retention_ms=7 * _DAY_MS,
        partitions=1,
        written_by=("contacts",),
        read_by=("experiments",),
        woken_by=("experiments",),
    ),
    TopicSpec(
        name=EXPERIMENT_SWEEPS,
        purpose="Who is counted anew, piece by piece; Harmonia's own",
        cleanup="compact",
        people=OF_SUMS,
        stays="the last one of each partition",
        whole_ms=_DAY_MS,
        written_by=("contacts",),
        read_by=("contacts",),
    ),
    TopicSpec(
        name=SEGMENT_WORK,
        purpose="Which time it is in a partition, who is judged anew, piece by piece, and previews; Harmonia's own",
        cleanup="compact",
        people="nobody: offsets, times, numbers of backfills, and how many a definition would let in",
        stays="the last one of each partition",
        whole_ms=_DAY_MS,
        written_by=("contacts", "harmonia-api", "harmonia-console", "harmonia-operator"),
        read_by=("contacts", "harmonia-api", "harmonia-console", "harmonia-operator"),
        woken_by=("contacts",),
    ),
)
"""Between the agents, for nobody else to read: they may change with any version."""
CLINIC_TOPICS = (
    TopicSpec(
        name=DEAD_LETTERS_REQUEUED,
        purpose="Which dead letters were sent anew; Harmonia's own",
        cleanup="compact",
        people="nobody: where a dead letter stood, and when it was sent anew",
        stays="until replaced",
        partitions=1,
        written_by=("harmonia-operator",),
        read_by=("held_records", "harmonia-console", "harmonia-operator", "harmonia-report"),
        restore="kept",
    ),
    TopicSpec(
        name=QUARANTINE,
        purpose="Held records of sources in quarantine, byte for byte",
        cleanup="delete",
        people="held records byte for byte, addresses included",
        max_message_bytes=16 * _MIB,
        retention_ms=90 * _DAY_MS,
        written_by=("intake",),
        read_by=("held_records", "harmonia-console", "harmonia-operator", "harmonia-report"),
        restore="kept",
    ),
    TopicSpec(
        name=SOURCE_QUARANTINES,
        purpose="Which sources are in quarantine, and until when",
        cleanup="compact",
        people="no contact: names of sources, as producers gave them",
        stays="until replaced",
        partitions=1,
        written_by=("quarantining", "harmonia-operator"),
        read_by=("quarantining", "harmonia-console", "harmonia-operator", "harmonia-report"),
        restore="kept",
    ),
)
"""Of the clinic of dead letters, written by its commands and by intake."""
ALL = INPUT_TOPICS + OUTPUT_TOPICS + INTERNAL_TOPICS + CLINIC_TOPICS


def read_by(party: Party) -> list[TopicSpec]:
    """The topics that a part of a worker, or a program, reads."""
    return [topic for topic in ALL if party in topic.read_by]


def written_by(party: Party) -> list[TopicSpec]:
    """The topics that a part of a worker, or a program, writes to; where it has a table, in its transactions."""
    return [topic for topic in ALL if party in topic.written_by]


def kept_days(name: str) -> int:
    """For how many days a topic keeps a record that is deleted by its age."""
    return next(topic.retention_ms for topic in ALL if topic.name == name) // _DAY_MS
