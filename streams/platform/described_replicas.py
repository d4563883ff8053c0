"""Asks Kafka who leads each partition and which copies are complete, as plain data for `streams.domain.replication`."""

from collections.abc import Collection, Mapping
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource

from streams.domain.replication import INTERNAL_TOPICS, PartitionReplicas, TopicReplicas
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

LEAST_IN_SYNC, UNCLEAN = "min.insync.replicas", "unclean.leader.election.enable"


def topic_replicas(admin: KafkaAdminClient, names: Collection[str]) -> list[TopicReplicas]:
    """Those of these topics that are there and that this user may see. Blocks; raises Kafka's errors."""
    there = {entry["name"]: entry for entry in admin.describe_topics(list(names)) if not entry["error_code"]}
    configs = _configs(admin, there)
    return [topic_replicas_of(entry, configs.get(name, {})) for name, entry in there.items()]


def described_partitions(clients: KafkaClients, names: Collection[str]) -> list[TopicReplicas]:
    """As `topic_replicas`, without what only settings of topics say. Blocks; raises Kafka's errors."""
    admin = clients.admin()
    try:
        described = admin.describe_topics(list(names))
    finally:
        admin.close()
    return [topic_replicas_of(entry, {}) for entry in described if not entry["error_code"]]


def internal_replicas(admin: KafkaAdminClient, settings: Settings) -> list[TopicReplicas]:
    """Kafka's own topics, as `topic_replicas`. `admin`: asked itself, unless it would put a prefix before the names."""
    if not settings.topic_prefix:
        return topic_replicas(admin, INTERNAL_TOPICS)
    plain = KafkaClients(settings.model_copy(update={"topic_prefix": ""})).admin()
    try:
        return topic_replicas(plain, INTERNAL_TOPICS)
    finally:
        plain.close()


def topic_replicas_of(described: Mapping[str, Any], config: Mapping[str, str]) -> TopicReplicas:
    """A topic by a broker's description of it, and its settings as far as this user may know them."""
    partitions = sorted(described["partitions"], key=lambda one: int(one["partition_index"]))
    least = config.get(LEAST_IN_SYNC)
    return TopicReplicas(
        str(described["name"]),
        tuple(map(_partition, partitions)),
        None if least is None else int(least),
        config.get(UNCLEAN) == "true",
    )


def live_brokers(admin: KafkaAdminClient) -> list[int]:
    """The numbers of the brokers that are up. Blocks; raises Kafka's errors."""
    return [broker["broker_id"] for broker in admin.describe_cluster()["brokers"] if not broker.get("is_fenced")]


def _partition(described: Mapping[str, Any]) -> PartitionReplicas:
    leader = int(described["leader_id"])
    return PartitionReplicas(
        int(described["partition_index"]),
        leader if leader >= 0 else None,
        tuple(described["replica_nodes"]),
        tuple(described["isr_nodes"]),
    )


def _configs(admin: KafkaAdminClient, names: Collection[str]) -> dict[str, dict[str, str]]:
    """By topic its settings of replicas; without any where this user may not ask for them."""
    if not names:
        return {}
    asked = [ConfigResource("TOPIC", name, configs={LEAST_IN_SYNC: None, UNCLEAN: None}) for name in names]
    answer = admin.describe_configs(asked, config_filter="all").get("topic", {})
    return {
        name: {key: str(entry["value"]) for key, entry in config.items() if entry["value"] is not None}
        for name, config in answer.items()
    }
