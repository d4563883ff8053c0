from dataclasses import replace

import pytest

from streams.domain.messages import CodedMessage, english, message
from streams.domain.quarantine.held_records import ListedSource
from streams.domain.replication import ReplicationState
from streams.operations.refused_records import MostlyRefused
from streams.operations.status.alert_rules import OF_PROCESS, SEVERITIES, UNSEEN, findings, verdict_message
from streams.operations.status.observations import (
    KafkaObservation,
    Observations,
    ProcessStanding,
    ProcessState,
    RedisObservation,
    SinkPosition,
    TopicFlow,
)
from streams.platform.processes import PROCESSES, ProcessName
from tests.unit.deploy.rules import ROOT, alerts

WELL = Observations(
    at=0,
    kafka=KafkaObservation(
        "Stable", 2, [TopicFlow("donation-events", 8), TopicFlow("contact-state", 8)], {"invalid_data": 3}, 1000
    ),
    redis=RedisObservation(
        0.5, [SinkPosition("redis", "contact-state", 1.0, 0, {0: 10}), SinkPosition("holds", "campaign-holds", 2.0)]
    ),
    disk_used=0.5,
)

GIFTS = MostlyRefused("finance/actblue", "donation.made", 40, 40)
MAILER = ListedSource("digital/mailer", "2012-03-01T12:00:00.000Z", "2012-03-01T12:16:00.000Z", True, 1_234)


def away(text: str) -> CodedMessage:
    return message("text", text=text)


def kafka(**changed: object) -> Observations:
    assert isinstance(WELL.kafka, KafkaObservation)
    return replace(WELL, kafka=replace(WELL.kafka, **changed))  # type: ignore[arg-type]


def flow(topic: str = "donation-events", **changed: object) -> Observations:
    return kafka(flows=[replace(TopicFlow(topic, 8), **changed)])  # type: ignore[arg-type]


def held(age_s: float | None, missing: int = 0) -> Observations:
    return replace(WELL, redis=RedisObservation(0.5, [SinkPosition("redis", "contact-state", age_s, missing)]))


def results(age_s: float | None, missing: int = 0) -> Observations:
    return replace(WELL, redis=RedisObservation(0.5, [SinkPosition("results", "experiment-results", age_s, missing)]))


def test_a_healthy_deployment_has_no_alerts() -> None:
    assert findings(WELL) == []


@pytest.mark.parametrize(
    ("seen", "alert"),
    [
        (flow(waits_s=61.0, lag=1), "DonationOrOptOutWaits"),
        (flow("contact-commands", waits_s=61.0, lag=1), "DonationOrOptOutWaits"),
        (flow(stalled=(3,)), "PartitionStalled"),
        (flow(unowned=1), "PartitionStalled"),
        (kafka(members=0), "PartitionStalled"),
        (kafka(topics_missing=["interactions"]), "PartitionStalled"),
        (replace(WELL, kafka=away("Kafka: NoBrokersAvailable")), "PartitionStalled"),
        (kafka(replication=ReplicationState(offline={"interactions": [1]})), "PartitionStalled"),
        (kafka(replication=ReplicationState(unwritable={"interactions": [1]})), "PartitionStalled"),
        (kafka(replication=ReplicationState(short={"interactions": [1]}, at_the_edge=1)), "UnderReplicated"),
        (kafka(replication=ReplicationState(short={"interactions": [1]})), "UnderReplicated"),
        (flow(lag=10_001, grows=True), "LagGrows"),
        (kafka(refused={"invalid_data": 70, "no_time": 31}, came_in=2000), "DeadLetterFlood"),
        (replace(WELL, redis=away("Redis: ConnectionError")), "PermissionsStale"),
        (kafka(mostly_refused=[GIFTS]), "DeadLetterFlood"),
        (kafka(quarantines=[MAILER]), "SourceQuarantined"),
        (kafka(quarantines=[replace(MAILER, held_now=False)]), "SourceQuarantined"),
        (kafka(clocks_ahead={"digital/form": 3}), "ClockAhead"),
        (held(None), "PermissionsStale"),
        (held(61.0), "PermissionsStale"),
        (held(1.0, missing=1), "PermissionsStale"),
        (held(16.0), "SinkBehind"),
        (results(16.0), "SinkBehind"),
        (results(600.0), "SinkBehind"),
        (results(None), "SinkBehind"),
        (results(1.0, missing=1), "SinkBehind"),
        (replace(WELL, redis=RedisObservation(0.86, [])), "RedisFull"),
        (replace(WELL, disk_used=0.86), "DiskFull"),
        (replace(WELL, policy_mistake=message("status.policy_broken")), "PolicyBroken"),
    ],
)
def test_the_status_finds_each_alert(seen: Observations, alert: str) -> None:
    assert [found.alert for found in findings(seen)] == [alert]


@pytest.mark.parametrize(
    "seen",
    [
        flow(waits_s=60.0, lag=1),
        flow("contact-state", waits_s=200.0, lag=1),
        flow(lag=10_001),
        kafka(refused={"invalid_data": 101}, came_in=3000),
        kafka(refused={"invalid_data": 100}, came_in=100),
        held(15.0),
        results(15.0),
        replace(WELL, disk_used=None),
    ],
)
def test_status_values_at_the_limit_raise_no_alert(seen: Observations) -> None:
    assert findings(seen) == []


def test_mostly_refused_and_quarantined_sources_are_named_with_figures() -> None:
    seen = kafka(mostly_refused=[GIFTS] * 7, quarantines=[MAILER])

    said = [found.why for found in findings(seen)]
    assert said[0] == "finance/actblue: 40 of 40 gifts refused in the last hour"
    assert said[5] == "2 more such sources"
    assert said[6] == "digital/mailer: in quarantine since 2012-03-01 12:00Z, 1,234 held records wait"


def test_without_any_worker_unowned_partitions_are_not_listed() -> None:
    seen = kafka(members=0, flows=[TopicFlow("interactions", 8, unowned=8)])

    assert [found.why for found in findings(seen)] == ["no worker runs"]


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("state", ["away", "behind"])
def test_a_process_that_is_away_or_behind_is_its_alert_and_not_well(name: ProcessName, state: ProcessState) -> None:
    standing = ProcessStanding(name, state, message("process.not_ready", status=503))
    [found] = findings(replace(WELL, processes=(standing,)))

    assert found.alert == OF_PROCESS[name]
    assert found.why.startswith(f"harmonia {name}: ")
    assert english(verdict_message([found])).startswith("NOT WELL")


@pytest.mark.parametrize("state", ["running", "unknown", "not_watched", "not_set_up"])
def test_a_process_of_which_nothing_bad_is_known_is_no_alert(state: ProcessState) -> None:
    processes = tuple(ProcessStanding(name, state) for name in PROCESSES)

    assert findings(replace(WELL, processes=processes)) == []


def test_partitions_that_can_lose_another_replica_are_a_ticket_that_says_no_more_than_that() -> None:
    found = findings(kafka(replication=ReplicationState(short={"interactions": [0]})))

    assert [one.why for one in found] == ["1 partition lacks a replica in sync"]
    assert english(verdict_message(found)) == "it flows, and something is to be looked at"


def test_alerts_that_page_come_first() -> None:
    seen = replace(flow(waits_s=99.0), policy_mistake=message("status.policy_broken"))

    assert [found.severity for found in findings(seen)] == ["page", "ticket"]


def test_alerts_are_those_of_prometheus_with_their_severity() -> None:
    told = {alert["alert"]: alert["labels"]["severity"] for alert in alerts()}

    assert {**SEVERITIES, **{name: told.get(name) for name in UNSEEN}} == told


def test_each_alert_names_the_runbook_that_prometheus_names() -> None:
    told = {alert["alert"]: alert["annotations"]["runbook"] for alert in alerts()}
    wrong = kafka(flows=[TopicFlow("donation-events", 8, waits_s=99.0, stalled=(1,))], quarantines=[MAILER])
    for found in findings(replace(wrong, policy_mistake=message("status.policy_broken"), redis=away("away"))):
        assert found.runbook == told[found.alert]
        assert (ROOT / found.runbook).exists()
