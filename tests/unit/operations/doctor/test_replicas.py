"""What the doctor says of replication, and what it never advises."""

import pytest

from streams.domain.replication import PartitionReplicas, TopicReplicas
from streams.operations.doctor.finding import Finding
from streams.operations.doctor.replicas import judge_default, judge_replicas
from streams.operations.doctor.servers import judge_brokers
from streams.platform.settings import Settings

FAR = Settings(kafka_bootstrap="kafka.example:9092", identity_key="a" * 32)
LOCAL = Settings(kafka_bootstrap="127.0.0.1:1")
VERSION = (4, 3)


def topic(*in_sync: int, name: str = "interactions", leader: int | None = 1, **fields: object) -> TopicReplicas:
    partition = PartitionReplicas(0, leader, (1, 2, 3), in_sync)
    return TopicReplicas(name, [partition], **{"least_in_sync": 2, **fields})  # type: ignore[arg-type]


def alone(name: str) -> TopicReplicas:
    return TopicReplicas(name, [PartitionReplicas(0, 1, (1,), (1,))], 1)


def judged(*own: TopicReplicas, internal: tuple[TopicReplicas, ...] = (), settings: Settings = FAR) -> list[Finding]:
    return list(judge_replicas(own, internal, 3, settings))


def test_replicas_that_are_all_in_sync_are_one_good_finding() -> None:
    [finding] = judged(topic(1, 2, 3), internal=(topic(1, 2, 3, name="__transaction_state"),))
    assert (finding.verdict, finding.found) == ("ok", "all 2 partitions have a leader and all their replicas in sync")


@pytest.mark.parametrize(
    ("seen", "verdict", "said"),
    [
        (topic(1, leader=None), "fail", "1 partition of interactions: nothing is written or read there"),
        (topic(1), "fail", "too few for min.insync.replicas in 1 partition of interactions"),
        (topic(1, 2), "warn", "one is missing or behind in 1 partition of interactions; one broker more may not fail"),
        (topic(1, 2, least_in_sync=1), "warn", "one is missing or behind in 1 partition of interactions"),
        (topic(1, 2, 3, unclean=True), "fail", "what was acknowledged is lost then"),
        (topic(1, 2, 3, least_in_sync=3), "warn", "none may be missing of interactions"),
        (alone("interactions"), "warn", "one replica, on the disk of one broker, have interactions"),
    ],
)
def test_the_doctor_says_what_is_wrong_with_replicas(seen: TopicReplicas, verdict: str, said: str) -> None:
    [finding] = judged(seen)
    assert finding.verdict == verdict
    assert said in finding.found
    assert finding.to_do


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("__consumer_offsets", "offsets.topic.replication.factor"),
        ("__transaction_state", "transaction.state.log.replication.factor"),
    ],
)
def test_a_topic_of_kafkas_own_on_one_broker_of_three_is_named_with_its_setting(name: str, setting: str) -> None:
    [finding] = judged(topic(1, 2, 3), internal=(alone(name),))
    assert (finding.what, finding.verdict) == (f"topic {name}", "warn")
    assert "1 replica, and 3 brokers" in finding.found
    assert setting in finding.to_do


def test_one_broker_on_this_machine_is_there_to_be_tried_and_needs_no_other_replica() -> None:
    [finding] = judge_replicas([alone("interactions")], [alone("__consumer_offsets")], 1, LOCAL)
    assert finding.verdict == "ok"


@pytest.mark.parametrize(
    ("replication", "default", "may_lower"), [(3, 3, False), (3, None, False), (3, 1, True), (None, 3, False)]
)
def test_fewer_replicas_are_advised_only_where_brokers_would_give_fewer(
    replication: int | None, default: int | None, may_lower: bool
) -> None:
    settings = FAR.model_copy(update={"replication": replication})
    [finding] = judge_brokers({1: VERSION, 2: VERSION}, settings, default)
    assert (finding.verdict, finding.what) == ("fail", "brokers")
    assert ("HARMONIA_REPLICATION" in finding.to_do) == may_lower


@pytest.mark.parametrize(
    ("replication", "default", "warned"),
    [(1, 3, True), (3, 3, False), (None, 3, False), (1, None, False), (3, 1, False)],
)
def test_a_setting_below_what_brokers_give_is_to_be_taken_away(
    replication: int | None, default: int | None, warned: bool
) -> None:
    found = list(judge_default(default, FAR.model_copy(update={"replication": replication})))
    assert [one.what for one in found] == (["HARMONIA_REPLICATION"] if warned else [])
