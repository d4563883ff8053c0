"""Every topic but the tables' changelogs, with the broker's settings that the promises of the contract rest on.

Partition counts are a setting, fixed for a generation; those that no setting changes are here.
"""

from dataclasses import dataclass
from typing import Literal

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
CAMPAIGN_HOLDS = "campaign-holds"
AUDIT_LOG = "audit-log"
DEAD_LETTERS = "dead-letters"

DEAD_LETTERS_REQUEUED = "dead-letters-requeued"
QUARANTINE = "quarantine"
SOURCE_QUARANTINES = "source-quarantines"

IDENTITY_LINKS = "identity-links"
CONTACT_ROOFS = "contact-roofs"
CONTACT_FRAGMENTS = "contact-fragments"
CAMPAIGN_COUNTS = "campaign-counts"
EXPERIMENT_PARTIALS = "experiment-partials"
EXPERIMENT_SWEEPS = "experiment-sweeps"

_MIB = 1_048_576
_DAY_MS = 86_400_000
DELETE_RETENTION_MS = 7 * _DAY_MS
"""How long a compacted topic keeps a null record; a reader that is away for longer must start over."""
COMPACTION_LAG_MS = 3 * _DAY_MS
"""How long a compacted topic may keep a record after a later one of its key."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    The broker's clock stamps its records (`LogAppendTime`), not the producer's: a broker refuses what comes from a
    clock that is an hour ahead, and deletes at once what comes from one that is behind by as long as it keeps records.

    `partitions`: where it has so many whatever the settings say. `whole_ms`: of a compacted topic, how long a record
    stays at least after a later one of its key; for readers to whom what was said in between matters.
    """

    name: str
    cleanup: Literal["delete", "compact"]
    max_message_bytes: int
    purpose: str
    retention_ms: int = 30 * _DAY_MS
    partitions: int | None = None
    whole_ms: int = 0

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
        return settings | {
            "delete.retention.ms": str(DELETE_RETENTION_MS),
            "min.compaction.lag.ms": str(self.whole_ms),
            "max.compaction.lag.ms": str(COMPACTION_LAG_MS),
        }


def _input(name: str, purpose: str) -> Topic:
    """Larger than the 256 KiB that a record may have, so that one too large is a dead letter and not a lost one."""
    return Topic(name, "delete", _MIB + 65_536, purpose, 7 * _DAY_MS)


INPUT_TOPICS = (
    _input(EMAIL_EVENTS, "What became of a mailing: sent, opened, clicked, bounced, unsubscribed"),
    _input(DONATION_EVENTS, "Gifts, refunds and pledges"),
    _input(CANVASS_EVENTS, "What canvassers and election offices report"),
    _input(OUTREACH_EVENTS, "Text messages, meetings and forms"),
    _input(CONTACT_COMMANDS, "Link, unlink, suppress, erase a contact"),
)
OUTPUT_TOPICS = (
    Topic(INTERACTIONS, "delete", 2 * _MIB, "Every accepted interaction, harmonised, by fragment", 30 * _DAY_MS),
    Topic(CONTACT_STATE, "compact", 8 * _MIB, "The latest profile of each contact"),
    Topic(CONTACT_LINKS, "compact", _MIB, "Which contact each id belongs to that was merged into another"),
    Topic(CONTACT_SUPPRESSIONS, "compact", _MIB, "Channels that are closed to everyone, by contact"),
    Topic(CONTACT_ALERTS, "delete", _MIB, "What someone should look at, by contact"),
    Topic(SYSTEM_ALERTS, "delete", _MIB, "What someone should look at, by campaign, team, source or topic"),
    Topic(EXPERIMENT_RESULTS, "compact", _MIB, "The running result of each experiment"),
    Topic(EXPERIMENT_DEFINITIONS, "compact", _MIB, "Experiments as they are planned, each in every partition"),
    Topic(CAMPAIGN_HOLDS, "compact", _MIB, "Campaigns that may reach nobody, and until when", partitions=1),
    Topic(AUDIT_LOG, "delete", 4 * _MIB, "Who asked what about whom, and what was answered", 365 * _DAY_MS),
    Topic(DEAD_LETTERS, "delete", 16 * _MIB, "Refused records, byte for byte, and why", 90 * _DAY_MS),
)
INTERNAL_TOPICS = (
    Topic(
        IDENTITY_LINKS,
        "compact",
        _MIB,
        "Which identifiers were named together, and what was ruled; Harmonia's own",
        partitions=1,
        whole_ms=_DAY_MS,
    ),
    Topic(CONTACT_ROOFS, "compact", _MIB, "Which identifier names a person; Harmonia's own", whole_ms=_DAY_MS),
    Topic(CONTACT_FRAGMENTS, "compact", 8 * _MIB, "Parts of a person, by roof; Harmonia's own", whole_ms=_DAY_MS),
    Topic(
        CAMPAIGN_COUNTS,
        "delete",
        _MIB,
        "What was sent of a campaign and who wanted no more, chunk by chunk; Harmonia's own",
        7 * _DAY_MS,
        partitions=1,
    ),
    Topic(
        EXPERIMENT_PARTIALS,
        "delete",
        _MIB,
        "What people have added to experiments, chunk by chunk; Harmonia's own",
        7 * _DAY_MS,
        partitions=1,
    ),
    Topic(EXPERIMENT_SWEEPS, "compact", _MIB, "Who is counted anew, piece by piece; Harmonia's own", whole_ms=_DAY_MS),
)
"""Between the agents, for nobody else to read: they may change with any version."""
CLINIC_TOPICS = (
    Topic(DEAD_LETTERS_REQUEUED, "compact", _MIB, "Which dead letters were sent anew; Harmonia's own", partitions=1),
    Topic(QUARANTINE, "delete", 16 * _MIB, "Held records of sources in quarantine, byte for byte", 90 * _DAY_MS),
    Topic(SOURCE_QUARANTINES, "compact", _MIB, "Which sources are in quarantine, and until when", partitions=1),
)
"""Of the clinic of dead letters, written by its commands and by intake."""
ALL = INPUT_TOPICS + OUTPUT_TOPICS + INTERNAL_TOPICS + CLINIC_TOPICS
