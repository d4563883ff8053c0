"""Evaluates the alerts of deploy/prometheus on one observation instead of on Prometheus.

An observation knows no history, so an alert that pages after five minutes is shown at once here.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from events.topics import ALL
from sinks.lookup import TOPICS as PERMISSIONS
from streams.domain.display_names import counted
from streams.domain.quarantine import held_records
from streams.operations.refused_records import refused_sentence, shortened_list
from streams.operations.status.observations import (
    KafkaObservation,
    Observations,
    RedisObservation,
    SinkPosition,
    TopicFlow,
)

Severity = Literal["page", "ticket"]

SEVERITIES: dict[str, Severity] = {
    "DonationOrOptOutWaits": "page",
    "PermissionsStale": "page",
    "PartitionStalled": "page",
    "RedisFull": "page",
    "DiskFull": "page",
    "LagGrows": "ticket",
    "DeadLetterFlood": "ticket",
    "SinkBehind": "ticket",
    "PolicyBroken": "ticket",
    "SourceQuarantined": "ticket",
}
UNSEEN = (
    *("FencingLoop", "RecoveryTooLong", "TeamSilent", "ErrorBudgetBurns", "GatewayErrors", "GatewayUnproven"),
    *("ExperimentHarms", "ExperimentResultsOld", "ExperimentSplitBroken", "ExperimentSumsBehind", "ExperimentsFull"),
    "LakeBehind",
    "TransactionHangs",
)
"""Alerts that need more than one observation, or that only other processes know of: Prometheus has them."""

LONGEST_WAIT_S, STALE_S, BEHIND_S = 60.0, 60.0, 15.0
FULL = 0.85
MOST_SOURCES = 5
"""Most sources named of each kind on the screen; the JSON has all."""
MUCH_LAG, MANY_LETTERS, FLOOD = 10_000, 100, 0.05
URGENT = frozenset(topic.name for topic in ALL if topic.is_urgent)
"""Topics through which donations and opt-outs pass."""


class AlertFinding(NamedTuple):
    """An alert that holds, and why."""

    alert: str
    why: str

    @property
    def severity(self) -> Severity:
        """Page or ticket."""
        return SEVERITIES[self.alert]

    @property
    def runbook(self) -> str:
        """The path of its runbook."""
        words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in self.alert)
        return f"docs/runbooks/{words.lstrip('-')}.md"


def findings(seen: Observations) -> list[AlertFinding]:
    """Every alert that holds, pages first."""
    found = [*_of_kafka(seen.kafka), *_of_redis(seen.redis), *_of_the_rest(seen)]
    return sorted(found, key=lambda finding: list(SEVERITIES).index(finding.alert))


def _of_kafka(kafka: KafkaObservation | str) -> Iterator[AlertFinding]:
    if isinstance(kafka, str):
        yield AlertFinding("PartitionStalled", kafka)
        return
    if kafka.topics_missing:
        yield AlertFinding("PartitionStalled", f"not there: {', '.join(kafka.topics_missing)}; harmonia topics create")
    if not kafka.members:
        yield AlertFinding("PartitionStalled", "no worker runs")
    for flow in kafka.flows:
        yield from _of_flow(flow, anybody=kafka.members > 0)
    refused = sum(kafka.refused.values())
    if refused > MANY_LETTERS and refused > FLOOD * kafka.came_in:
        yield AlertFinding("DeadLetterFlood", f"{refused:,} of {kafka.came_in:,} records were refused in the last hour")
    for each in shortened_list(
        (f"{refused_sentence(one)} in the last hour" for one in kafka.mostly_refused), MOST_SOURCES
    ):
        yield AlertFinding("DeadLetterFlood", each)
    held = (f"{one.source}: {held_records.quarantine_sentence(one)}" for one in kafka.quarantines)
    for each in shortened_list(held, MOST_SOURCES):
        yield AlertFinding("SourceQuarantined", each)


def _of_flow(flow: TopicFlow, *, anybody: bool) -> Iterator[AlertFinding]:
    if flow.topic in URGENT and flow.waits_s > LONGEST_WAIT_S:
        yield AlertFinding(
            "DonationOrOptOutWaits", f"{flow.topic}: the oldest record has waited for {flow.waits_s:,.0f} s"
        )
    if flow.stalled:
        numbers = ", ".join(map(str, flow.stalled))
        yield AlertFinding("PartitionStalled", f"{flow.topic}: nothing is done in partition {numbers}")
    if flow.unowned and anybody:
        yield AlertFinding("PartitionStalled", f"{flow.topic}: {flow.unowned} partitions have no worker")
    if flow.lag > MUCH_LAG and flow.grows:
        yield AlertFinding("LagGrows", f"{flow.topic}: {flow.lag:,} records wait, and more come than are done")


def _of_redis(redis: RedisObservation | str) -> Iterator[AlertFinding]:
    if isinstance(redis, str):
        yield AlertFinding("PermissionsStale", redis)
        return
    if redis.memory_used > FULL:
        yield AlertFinding("RedisFull", f"{redis.memory_used:.0%} of its memory is used")
    for held in redis.held:
        yield from _of_held(held)


def _of_held(held: SinkPosition) -> Iterator[AlertFinding]:
    """Permissions are decided only from topics in `sinks.lookup`: that others are late pages nobody."""
    if held.topic not in PERMISSIONS and (held.missing or held.age_s is None or held.age_s > BEHIND_S):
        yield AlertFinding("SinkBehind", f"{held.topic}: {_missing(held) if held.missing else _age(held)}")
    elif held.missing:
        yield AlertFinding("PermissionsStale", f"{held.topic}: {_missing(held)}")
    elif held.age_s is None or held.age_s > STALE_S:
        yield AlertFinding("PermissionsStale", f"{held.topic}: {_age(held)}")
    elif held.age_s > BEHIND_S:
        yield AlertFinding("SinkBehind", f"{held.topic}: {_age(held)}")


def _missing(held: SinkPosition) -> str:
    return f"{counted(held.missing, 'partition is', 'partitions are')} missing or being filled"


def _age(held: SinkPosition) -> str:
    return "Redis never held all" if held.age_s is None else f"Redis last held all {held.age_s:,.0f} s ago"


def _of_the_rest(seen: Observations) -> Iterator[AlertFinding]:
    if seen.disk_used is not None and seen.disk_used > FULL:
        yield AlertFinding("DiskFull", f"the disk of HARMONIA_STATE_DIR is {seen.disk_used:.0%} full")
    if seen.policy_mistake is not None:
        yield AlertFinding("PolicyBroken", seen.policy_mistake)
