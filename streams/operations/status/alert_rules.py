"""Which of the alerts of deploy/prometheus hold now, from one look instead of Prometheus.

A look knows no history. So what pages after five minutes is said at once here: whoever looks wants to know.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from events.topics import ALL
from sinks.lookup import TOPICS as PERMISSIONS
from streams.domain.quarantine import held_records
from streams.operations.refused import mostly_refused
from streams.operations.refused.mostly_refused import shortened
from streams.operations.status.observations import Broker, Flow, Held, Seen, Store

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
)
"""Alerts for which one look is not enough, or that only others know of, such as a gateway: Prometheus has them."""

LONGEST_WAIT_S, STALE_S, BEHIND_S = 60.0, 60.0, 15.0
FULL = 0.85
MOST_SOURCES = 5
"""That are named of each kind; programs are told of all."""
MUCH_LAG, MANY_LETTERS, FLOOD = 10_000, 100, 0.05
URGENT = frozenset(topic.name for topic in ALL if topic.is_urgent)
"""Topics that a donation or somebody's no goes through."""


class Finding(NamedTuple):
    """An alert, and why it holds."""

    alert: str
    why: str

    @property
    def severity(self) -> Severity:
        """Page or ticket."""
        return SEVERITIES[self.alert]

    @property
    def runbook(self) -> str:
        """What to do."""
        words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in self.alert)
        return f"docs/runbooks/{words.lstrip('-')}.md"


def findings(seen: Seen) -> list[Finding]:
    """What is wrong, pages first."""
    found = [*_of_kafka(seen.kafka), *_of_redis(seen.redis), *_of_the_rest(seen)]
    return sorted(found, key=lambda finding: list(SEVERITIES).index(finding.alert))


def _of_kafka(kafka: Broker | str) -> Iterator[Finding]:
    if isinstance(kafka, str):
        yield Finding("PartitionStalled", kafka)
        return
    if kafka.topics_missing:
        yield Finding("PartitionStalled", f"not there: {', '.join(kafka.topics_missing)}; harmonia topics create")
    if not kafka.members:
        yield Finding("PartitionStalled", "no worker runs")
    for flow in kafka.flows:
        yield from _of_flow(flow, anybody=kafka.members > 0)
    refused = sum(kafka.refused.values())
    if refused > MANY_LETTERS and refused > FLOOD * kafka.came_in:
        yield Finding("DeadLetterFlood", f"{refused:,} of {kafka.came_in:,} records were refused in the last hour")
    for each in shortened(
        (f"{mostly_refused.sentence(one)} in the last hour" for one in kafka.mostly_refused), MOST_SOURCES
    ):
        yield Finding("DeadLetterFlood", each)
    held = (f"{one.source}: {held_records.quarantine_sentence(one)}" for one in kafka.quarantines)
    for each in shortened(held, MOST_SOURCES):
        yield Finding("SourceQuarantined", each)


def _of_flow(flow: Flow, *, anybody: bool) -> Iterator[Finding]:
    if flow.topic in URGENT and flow.waits_s > LONGEST_WAIT_S:
        yield Finding("DonationOrOptOutWaits", f"{flow.topic}: the oldest record has waited for {flow.waits_s:,.0f} s")
    if flow.stalled:
        numbers = ", ".join(map(str, flow.stalled))
        yield Finding("PartitionStalled", f"{flow.topic}: nothing is done in partition {numbers}")
    if flow.unowned and anybody:
        yield Finding("PartitionStalled", f"{flow.topic}: {flow.unowned} partitions have no worker")
    if flow.lag > MUCH_LAG and flow.grows:
        yield Finding("LagGrows", f"{flow.topic}: {flow.lag:,} records wait, and more come than are done")


def _of_redis(redis: Store | str) -> Iterator[Finding]:
    if isinstance(redis, str):
        yield Finding("PermissionsStale", redis)
        return
    if redis.memory_used > FULL:
        yield Finding("RedisFull", f"{redis.memory_used:.0%} of its memory is used")
    for held in redis.held:
        yield from _of_held(held)


def _of_held(held: Held) -> Iterator[Finding]:
    """Nobody is asked for permission from what is not in `sinks.lookup`: that it is late wakes nobody."""
    if held.topic not in PERMISSIONS and (held.missing or held.age_s is None or held.age_s > BEHIND_S):
        missing = f"{held.missing} partitions are missing or being filled"
        yield Finding("SinkBehind", f"{held.topic}: {missing if held.missing else _age(held)}")
    elif held.missing:
        yield Finding("PermissionsStale", f"{held.topic}: {held.missing} partitions are missing or being filled")
    elif held.age_s is None or held.age_s > STALE_S:
        yield Finding("PermissionsStale", f"{held.topic}: {_age(held)}")
    elif held.age_s > BEHIND_S:
        yield Finding("SinkBehind", f"{held.topic}: {_age(held)}")


def _age(held: Held) -> str:
    return "Redis never held all" if held.age_s is None else f"Redis last held all {held.age_s:,.0f} s ago"


def _of_the_rest(seen: Seen) -> Iterator[Finding]:
    if seen.disk_used is not None and seen.disk_used > FULL:
        yield Finding("DiskFull", f"the disk of HARMONIA_STATE_DIR is {seen.disk_used:.0%} full")
    if seen.policy_mistake is not None:
        yield Finding("PolicyBroken", seen.policy_mistake)
