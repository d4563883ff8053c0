"""Evaluates the alerts of deploy/prometheus on one observation instead of on Prometheus.

An observation knows no history, so an alert that pages after five minutes is shown at once here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from events.topics import ALL
from sinks.lookup import TOPICS as PERMISSIONS
from streams.domain.messages import CodedMessage, Duration, Listed, Share, english, message
from streams.domain.quarantine.held_records import quarantine_message
from streams.domain.replication import Numbers, ReplicationState
from streams.operations.refused_records import refused_message, shortened_list
from streams.operations.status.observations import (
    KafkaObservation,
    Observations,
    ProcessStanding,
    RedisObservation,
    SinkPosition,
    TopicFlow,
)
from streams.platform.processes import ProcessName

Severity = Literal["page", "ticket"]

SEVERITIES: dict[str, Severity] = {
    "DonationOrOptOutWaits": "page",
    "PermissionsStale": "page",
    "PartitionStalled": "page",
    "RedisFull": "page",
    "DiskFull": "page",
    "GatewayErrors": "page",
    "UnderReplicated": "ticket",
    "LagGrows": "ticket",
    "DeadLetterFlood": "ticket",
    "SinkBehind": "ticket",
    "PolicyBroken": "ticket",
    "SourceQuarantined": "ticket",
    "ClockAhead": "ticket",
    "ErrorBudgetBurns": "ticket",
    "EndpointFails": "ticket",
    "ConsoleFails": "ticket",
    "DeskBehind": "ticket",
    "LakeBehind": "ticket",
}
OF_PROCESS: Mapping[ProcessName, str] = {
    "api": "ErrorBudgetBurns",
    "gateway": "GatewayErrors",
    "deliver": "EndpointFails",
    "sink postgres": "SinkBehind",
    "console": "ConsoleFails",
    "console follow": "DeskBehind",
    "lake run": "LakeBehind",
}
"""The alert of a process that is away or behind. What else these alerts are about only Prometheus sees."""
UNSEEN = (
    *("FencingLoop", "RecoveryTooLong", "TeamSilent", "ErrorBudgetBurns", "GatewayErrors", "GatewayUnproven"),
    *("ExperimentHarms", "ExperimentResultsOld", "ExperimentSplitBroken", "ExperimentSumsBehind", "ExperimentsFull"),
    "LakeBehind",
    "DeskBehind",
    "TransactionHangs",
    "ConsoleFails",
    "EndpointFails",
    "SegmentsBehind",
    "RightsOverdue",
)
"""Alerts that need more than one observation, or that only other processes know of: Prometheus has them.

Some are seen in part: that a process is away or behind (`OF_PROCESS`), but not that its answers are wrong.
"""

LONGEST_WAIT_S, STALE_S, BEHIND_S = 60.0, 60.0, 15.0
FULL = 0.85
MOST_SOURCES = 5
"""Most sources named of each kind on the screen; the JSON has all."""
MOST_TOPICS = 4
"""Most topics that a message about replicas names."""
MUCH_LAG, MANY_LETTERS, FLOOD = 10_000, 100, 0.05
URGENT = frozenset(topic.name for topic in ALL if topic.is_urgent)
"""Topics through which donations and opt-outs pass."""


class AlertFinding(NamedTuple):
    """An alert that holds, and why. `of_process`: a process is away or behind, and so it does not all flow."""

    alert: str
    reason: CodedMessage
    of_process: bool = False

    @property
    def why(self) -> str:
        """The reason as a sentence."""
        return english(self.reason)

    @property
    def severity(self) -> Severity:
        """Page or ticket."""
        return SEVERITIES[self.alert]

    @property
    def runbook(self) -> str:
        """The path of its runbook."""
        return f"docs/runbooks/{runbook_name(self.alert)}.md"


def runbook_name(alert: str) -> str:
    """The name of an alert's runbook: `lag-grows` of `LagGrows`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in alert).lstrip("-")


def findings(seen: Observations) -> list[AlertFinding]:
    """Every alert that holds, pages first."""
    found = [*_of_kafka(seen.kafka), *_of_redis(seen.redis), *_of_the_rest(seen), *_of_processes(seen.processes)]
    return sorted(found, key=lambda finding: list(SEVERITIES).index(finding.alert))


def verdict(found: Sequence[AlertFinding]) -> Literal["well", "ticket", "page"]:
    """How soon somebody is needed."""
    if any(each.severity == "page" for each in found):
        return "page"
    return "ticket" if found else "well"


def verdict_message(found: Sequence[AlertFinding]) -> CodedMessage:
    """Whether everything flows, in a sentence."""
    worst = verdict(found)
    if worst == "ticket" and any(each.of_process for each in found):
        return message("status.process")
    if worst == "ticket" and any(each.reason.code == "status.one_broker_more" for each in found):
        return message("status.replicas")
    return message(f"status.{worst}")


def _of_processes(processes: Sequence[ProcessStanding]) -> Iterator[AlertFinding]:
    """A process that is not set up, or of which nobody can know, is no alert."""
    for each in processes:
        if each.state in ("away", "behind") and each.why is not None:
            what = message("status.of_process", process=each.name, what=each.why)
            yield AlertFinding(OF_PROCESS[each.name], what, of_process=True)


def _of_kafka(kafka: KafkaObservation | CodedMessage) -> Iterator[AlertFinding]:
    if isinstance(kafka, CodedMessage):
        yield AlertFinding("PartitionStalled", kafka)
        return
    if kafka.topics_missing:
        topics = Listed(tuple(kafka.topics_missing))
        yield AlertFinding("PartitionStalled", message("status.topics_missing", topics=topics))
    yield from _of_replication(kafka.replication)
    if not kafka.members:
        yield AlertFinding("PartitionStalled", message("status.no_worker"))
    for flow in kafka.flows:
        yield from _of_flow(flow, anybody=kafka.members > 0)
    yield from _of_refused(kafka)


def _of_replication(state: ReplicationState) -> Iterator[AlertFinding]:
    for code, numbers in (("status.offline", state.offline), ("status.unwritable", state.unwritable)):
        if numbers:
            yield AlertFinding("PartitionStalled", of_partitions(code, numbers))
    if state.under_replicated:
        code = "status.one_broker_more" if state.at_the_edge else "status.replica_missing"
        count = state.at_the_edge or state.under_replicated
        yield AlertFinding("UnderReplicated", message(code, partitions=count))


def of_partitions(code: str, numbers: Numbers, **fields: str) -> CodedMessage:
    """A message about how many partitions, and of which topics; of many topics the first are named."""
    named = Listed(tuple([*numbers][:MOST_TOPICS]), max(0, len(numbers) - MOST_TOPICS))
    return message(code, partitions=sum(map(len, numbers.values())), topics=named, **fields)


def _of_refused(kafka: KafkaObservation) -> Iterator[AlertFinding]:
    refused = sum(kafka.refused.values())
    if refused > MANY_LETTERS and refused > FLOOD * kafka.came_in:
        yield AlertFinding("DeadLetterFlood", message("status.flood", refused=refused, came_in=kafka.came_in))
    mostly = (message("status.in_the_last_hour", sentence=refused_message(one)) for one in kafka.mostly_refused)
    for each in shortened_list(mostly, MOST_SOURCES):
        yield AlertFinding("DeadLetterFlood", each)
    held = (message("source.named", source=one.source, what=quarantine_message(one)) for one in kafka.quarantines)
    for each in shortened_list(held, MOST_SOURCES):
        yield AlertFinding("SourceQuarantined", each)
    ahead = (message("status.clock_ahead", source=name, words=count) for name, count in kafka.clocks_ahead.items())
    for each in shortened_list(ahead, MOST_SOURCES):
        yield AlertFinding("ClockAhead", each)


def _of_flow(flow: TopicFlow, *, anybody: bool) -> Iterator[AlertFinding]:
    topic = flow.topic
    if topic in URGENT and flow.waits_s > LONGEST_WAIT_S:
        waits = message("status.oldest_waits", topic=topic, waited=Duration(flow.waits_s))
        yield AlertFinding("DonationOrOptOutWaits", waits)
    if flow.stalled:
        numbers = Listed(tuple(map(str, flow.stalled)))
        yield AlertFinding("PartitionStalled", message("status.stalled", topic=topic, partitions=numbers))
    if flow.unowned and anybody:
        yield AlertFinding("PartitionStalled", message("status.unowned", topic=topic, partitions=flow.unowned))
    if flow.lag > MUCH_LAG and flow.grows:
        yield AlertFinding("LagGrows", message("status.lag_grows", topic=topic, records=flow.lag))


def _of_redis(redis: RedisObservation | CodedMessage) -> Iterator[AlertFinding]:
    if isinstance(redis, CodedMessage):
        yield AlertFinding("PermissionsStale", redis)
        return
    if redis.memory_used > FULL:
        yield AlertFinding("RedisFull", message("status.redis_full", share=Share(redis.memory_used)))
    for held in redis.held:
        yield from _of_held(held)


def _of_held(held: SinkPosition) -> Iterator[AlertFinding]:
    """Permissions are decided only from topics in `sinks.lookup`: that others are late pages nobody."""
    if held.topic not in PERMISSIONS and (held.missing or held.age_s is None or held.age_s > BEHIND_S):
        yield AlertFinding("SinkBehind", _of_topic(held, _missing(held) if held.missing else _age(held)))
    elif held.missing:
        yield AlertFinding("PermissionsStale", _of_topic(held, _missing(held)))
    elif held.age_s is None or held.age_s > STALE_S:
        yield AlertFinding("PermissionsStale", _of_topic(held, _age(held)))
    elif held.age_s > BEHIND_S:
        yield AlertFinding("SinkBehind", _of_topic(held, _age(held)))


def _of_topic(held: SinkPosition, what: CodedMessage) -> CodedMessage:
    return message("status.of_topic", topic=held.topic, what=what)


def _missing(held: SinkPosition) -> CodedMessage:
    return message("status.missing", partitions=held.missing)


def _age(held: SinkPosition) -> CodedMessage:
    if held.age_s is None:
        return message("status.never_held_all")
    return message("status.last_held_all", ago=Duration(held.age_s))


def _of_the_rest(seen: Observations) -> Iterator[AlertFinding]:
    if seen.disk_used is not None and seen.disk_used > FULL:
        yield AlertFinding("DiskFull", message("status.disk_full", share=Share(seen.disk_used)))
    if seen.policy_mistake is not None:
        yield AlertFinding("PolicyBroken", seen.policy_mistake)
