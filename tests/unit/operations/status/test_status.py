"""The status of a deployment."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from kafka.errors import RequestTimedOutError
from rich.console import Console

from streams.domain.messages import CodedMessage, english, message
from streams.domain.quarantine.held_records import ListedSource
from streams.domain.replication import ReplicationState
from streams.operations.refused_records import MostlyRefused
from streams.operations.status.alert_rules import OF_PROCESS, SEVERITIES, UNSEEN, findings, verdict_message
from streams.operations.status.kafka_side import PATIENCE_S, patiently
from streams.operations.status.observations import (
    KafkaObservation,
    Observations,
    ProcessStanding,
    ProcessState,
    RedisObservation,
    SinkPosition,
    TopicFlow,
)
from streams.operations.status.screen import document, screen
from streams.operations.status.snapshot import observe
from streams.platform import clients
from streams.platform.processes import PROCESSES, ProcessName
from streams.platform.settings import Settings
from streams.platform.topics import topics_read_by_workers
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


class FrozenBroker:
    """Does not answer the first questions: each takes longer than there is patience."""

    def __init__(self, questions: int) -> None:
        self.left = questions
        self.now = 0.0

    def ask(self) -> str:
        """The answer, once another broker leads."""
        if self.left:
            self.left -= 1
            self.now += PATIENCE_S + 5
            raise RequestTimedOutError
        return "answered"


def test_a_question_that_took_all_patience_is_asked_once_more() -> None:
    broker = FrozenBroker(questions=1)
    assert patiently(broker.ask, lambda: broker.now) == "answered"


def test_a_question_that_is_not_answered_twice_is_given_up() -> None:
    broker = FrozenBroker(questions=2)
    with pytest.raises(RequestTimedOutError):
        patiently(broker.ask, lambda: broker.now)


REFUSED = {"invalid_data": 3, "no_time": 1, "not_json": 1, "too_large": 1, "no_identifier": 1}
FLOWS = [TopicFlow(topic, count) for topic, count in topics_read_by_workers(Settings()).items()]
SHOWN = Observations(
    at=1_330_603_200_000,
    kafka=KafkaObservation("Stable", 2, FLOWS, REFUSED, 1000),
    redis=RedisObservation(
        0.42,
        [SinkPosition("redis", "contact-state", 1.0, 0, {0: 10, 1: 5}), SinkPosition("holds", "campaign-holds", 2.0)],
    ),
    disk_used=0.5,
)


def shown(seen: Observations) -> list[str]:
    console = Console(width=80, highlight=False)
    with console.capture() as captured:
        console.print(screen(seen, findings(seen)))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_each_alert_on_the_status_screen_names_its_runbook() -> None:
    flows = [replace(FLOWS[1], lag=7, waits_s=400.0, stalled=(3, 5))]
    lines = shown(replace(SHOWN, kafka=KafkaObservation("Stable", 1, flows)))

    assert lines[0].endswith("NOT WELL")
    assert lines[1] == "page   DonationOrOptOutWaits: donation-events: the oldest record has waited for"
    assert "       do: docs/runbooks/donation-or-opt-out-waits.md" in lines
    assert "page   PartitionStalled: donation-events: nothing is done in partition 3, 5" in lines


def test_sources_that_are_refused_or_held_are_named_in_80_columns_and_to_programs() -> None:
    held = ListedSource("digital/mailer", "2012-03-01T11:00:00.000Z", "2012-03-01T12:16:00.000Z", True, 1_234)
    gifts = MostlyRefused("finance/actblue", "donation.made", 40, 40)
    assert isinstance(SHOWN.kafka, KafkaObservation)
    seen = replace(SHOWN, kafka=replace(SHOWN.kafka, quarantines=[held], mostly_refused=[gifts]))
    lines = shown(seen)

    assert lines[0].endswith("it flows, and something is to be looked at")
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "DeadLetterFlood: finance/actblue: 40 of 40 gifts refused in the last hour" in text
    assert "SourceQuarantined: digital/mailer: in quarantine since 2012-03-01 11:00Z, 1,234 held records wait" in text
    told = orjson.loads(orjson.dumps(document(seen, findings(seen)), option=orjson.OPT_NON_STR_KEYS))
    assert told["kafka"]["quarantines"] == [
        {
            "source": "digital/mailer",
            "since": "2012-03-01T11:00:00.000Z",
            "until": "2012-03-01T12:16:00.000Z",
            "held_now": True,
            "waiting": 1_234,
        }
    ]
    assert told["kafka"]["mostly_refused"] == [
        {"source": "finance/actblue", "type": "donation.made", "refused": 40, "sent": 40}
    ]


def test_the_status_as_json_says_the_same_as_the_screen() -> None:
    told = orjson.loads(orjson.dumps(document(SHOWN, findings(SHOWN)), option=orjson.OPT_NON_STR_KEYS))

    assert told["verdict"] == "well"
    assert told["alerts"] == []
    assert told["kafka"]["members"] == 2
    assert told["redis"]["held"][0]["offsets"] == {"0": 10, "1": 5}
    assert told["sign_of_life_s"] == 1.0


def test_the_screen_and_the_json_name_each_process_with_its_state() -> None:
    behind = ProcessStanding("sink postgres", "behind", message("process.postgres_never_filled"))
    seen = replace(SHOWN, processes=(ProcessStanding("gateway", "not_set_up"), behind))

    assert "behind: sink postgres; not set up: gateway" in shown(seen)
    assert document(seen, findings(seen))["processes"] == [
        {"name": "gateway", "state": "not_set_up", "why": None},
        {
            "name": "sink postgres",
            "state": "behind",
            "why": "HARMONIA_POSTGRES is set, and PostgreSQL was never filled",
        },
    ]
    assert orjson.dumps(document(seen, findings(seen)), option=orjson.OPT_NON_STR_KEYS)


NOWHERE = Settings(kafka_bootstrap="127.0.0.1:1", redis_url="redis://:secret@127.0.0.1:1/0")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_S", 0.1)


def test_a_server_that_is_away_is_named_with_its_setting_and_without_secrets(tmp_path: Path) -> None:
    seen = observe(NOWHERE.model_copy(update={"state_dir": tmp_path}), 0)

    assert isinstance(seen.kafka, CodedMessage)
    assert english(seen.kafka).startswith("Kafka: ")
    assert "KAFKA_BOOTSTRAP" in english(seen.kafka)
    assert isinstance(seen.redis, CodedMessage)
    assert english(seen.redis) == (
        "Redis: ConnectionError; is REDIS_URL right and the server up? (tried 127.0.0.1:1, as REDIS_URL says)"
    )
    assert 0 < (seen.disk_used or 0) < 1
    assert seen.sign_of_life_s is None


def test_the_status_names_a_policy_that_cannot_be_read(tmp_path: Path) -> None:
    missing = observe(NOWHERE.model_copy(update={"policy": tmp_path / "none.toml", "state_dir": tmp_path / "none"}), 0)
    (tmp_path / "policy.toml").write_text("nonsense = 1")
    broken = observe(NOWHERE.model_copy(update={"policy": tmp_path / "policy.toml"}), 0)

    assert missing.policy_mistake == message("status.policy_unreadable", error="No such file or directory")
    assert missing.disk_used is None
    assert broken.policy_mistake == message("status.policy_broken")
