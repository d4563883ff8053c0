"""What is said of replicas, by what brokers say of leaders and copies."""

import pytest

from streams.domain.replication import (
    PartitionReplicas,
    ReplicationState,
    TopicReplicas,
    judge_replication,
    least_of,
    partitions_short_of_copies,
    wanted_in_sync,
)

ALL_THREE = (1, 2, 3)


def partition(number: int, *in_sync: int, leader: int | None = 1) -> PartitionReplicas:
    return PartitionReplicas(number, leader, ALL_THREE, in_sync)


def topic(*partitions: PartitionReplicas, least: int | None = 2, name: str = "interactions") -> TopicReplicas:
    return TopicReplicas(name, partitions, least)


def judged(*topics: TopicReplicas, brokers: int = 3) -> ReplicationState:
    return judge_replication(topics, brokers)


def test_nothing_is_wrong_where_every_copy_is_in_sync() -> None:
    assert judged(topic(partition(0, 1, 2, 3), partition(1, 3, 2, 1))) == ReplicationState()


def test_one_broker_alone_with_one_replica_is_not_called_short_of_copies() -> None:
    alone = TopicReplicas("interactions", [PartitionReplicas(0, 1, (1,), (1,))], 1)
    internal = TopicReplicas("__transaction_state", [PartitionReplicas(0, 1, (1,), (1,))], 1)
    assert judged(alone, internal, brokers=1) == ReplicationState()


def test_a_partition_without_a_leader_is_offline_and_in_no_other_list() -> None:
    found = judged(topic(partition(0, 1, 2, 3), partition(1, 2, leader=None)))
    assert found == ReplicationState(offline={"interactions": [1]})


def test_a_partition_with_fewer_copies_in_sync_than_it_must_have_takes_no_record() -> None:
    assert judged(topic(partition(4, 1))) == ReplicationState(unwritable={"interactions": [4]})


def test_a_partition_without_one_copy_works_and_is_at_the_edge() -> None:
    found = judged(topic(partition(0, 1, 2), partition(1, 1, 2, 3)), topic(partition(2, 1, 3), name="contact-state"))
    assert found == ReplicationState(short={"interactions": [0], "contact-state": [2]}, at_the_edge=2)
    assert found.under_replicated == 2


@pytest.mark.parametrize(("least", "at_the_edge"), [(1, 0), (2, 1), (None, 1)])
def test_how_near_the_edge_is_goes_by_how_many_copies_must_be_in_sync(least: int | None, at_the_edge: int) -> None:
    found = judged(topic(partition(0, 1, 2), least=least))
    assert (found.under_replicated, found.at_the_edge) == (1, at_the_edge)


def test_the_last_copy_of_a_topic_that_needs_one_is_at_the_edge() -> None:
    assert judged(topic(partition(0, 1), least=1)).at_the_edge == 1


def test_where_nobody_may_ask_how_many_must_be_in_sync_a_partition_is_short_and_not_called_unwritable() -> None:
    found = judged(topic(partition(0, 1), least=None))
    assert (found.unwritable, found.short) == ({}, {"interactions": [0]})


@pytest.mark.parametrize(("brokers", "said"), [(1, {}), (2, {"__consumer_offsets": 1}), (3, {"__consumer_offsets": 1})])
def test_kafkas_own_topics_are_named_where_the_cluster_could_hold_more_copies(
    brokers: int, said: dict[str, int]
) -> None:
    internal = TopicReplicas("__consumer_offsets", [PartitionReplicas(0, 1, (1,), (1,))], 1)
    assert judged(internal, brokers=brokers).sparse_internal == said


def test_kafkas_own_topics_with_three_copies_are_enough_in_a_larger_cluster() -> None:
    assert judged(topic(partition(0, 1, 2, 3), name="__transaction_state"), brokers=9).sparse_internal == {}


def test_a_topic_of_which_no_copy_may_be_missing_is_named() -> None:
    assert judged(topic(partition(0, 1, 2, 3), least=3)).without_spare == ("interactions",)


def test_a_topic_whose_stale_copy_may_lead_is_named_where_it_has_another_copy() -> None:
    partitions = [partition(0, 1, 2, 3)]
    alone = [PartitionReplicas(0, 1, (1,), (1,))]
    topics = [TopicReplicas("two", partitions, 2, unclean=True), TopicReplicas("one", alone, 1, unclean=True)]
    assert judged(*topics).unclean == ("two",)


def test_one_copy_may_be_missing_of_several_by_what_harmonia_sets() -> None:
    assert [wanted_in_sync(replication) for replication in (1, 2, 3, 5)] == [1, 1, 2, 4]
    assert least_of(topic(partition(0, 1, 2, 3), least=None)) == 2


def test_partitions_short_of_copies_are_counted_whether_or_not_somebody_leads_them() -> None:
    topics = [
        topic(partition(0, 1, 2, 3), partition(1, 1, 2)),
        topic(partition(0, 3, leader=None), name="contact-state"),
    ]
    assert partitions_short_of_copies(topics) == 2
