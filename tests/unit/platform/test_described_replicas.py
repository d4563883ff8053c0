"""What brokers say of partitions and settings becomes plain data, as far as this user may know it."""

from typing import Any, cast

from kafka import KafkaAdminClient

from streams.domain.replication import PartitionReplicas, TopicReplicas
from streams.platform.described_replicas import topic_replicas


def partition(number: int, leader: int) -> dict[str, Any]:
    return {"partition_index": number, "leader_id": leader, "replica_nodes": [1, 2, 3], "isr_nodes": [2, 3]}


class Broker:
    """Describes two topics, of which nobody may see the second, and settings where they may be asked for."""

    def __init__(self, **config: str | None) -> None:
        self._config = {name.replace("_", "."): {"value": value} for name, value in config.items()}

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        seen = {"name": names[0], "error_code": 0, "partitions": [partition(1, -1), partition(0, 2)]}
        return [seen, {"name": names[1], "error_code": 29, "partitions": []}]

    def describe_configs(self, asked: list[Any], config_filter: str) -> dict[str, Any]:
        return {"topic": {one.name: self._config for one in asked}}


def read(**config: str | None) -> list[TopicReplicas]:
    return topic_replicas(cast(KafkaAdminClient, Broker(**config)), ["interactions", "hidden"])


PARTITIONS = (PartitionReplicas(0, 2, (1, 2, 3), (2, 3)), PartitionReplicas(1, None, (1, 2, 3), (2, 3)))


def test_partitions_are_in_order_and_without_a_leader_where_nobody_leads_them() -> None:
    assert read(min_insync_replicas="2", unclean_leader_election_enable="false") == [
        TopicReplicas("interactions", PARTITIONS, 2)
    ]


def test_a_stale_copy_may_lead_where_the_setting_says_so() -> None:
    assert read(min_insync_replicas="1", unclean_leader_election_enable="true")[0].unclean


def test_settings_that_this_user_may_not_ask_for_are_not_known() -> None:
    assert read() == [TopicReplicas("interactions", PARTITIONS, None)]
