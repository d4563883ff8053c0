"""Plain values of the domain: money, names that are shown, replicas; and that one class name means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import streams.domain
from streams.domain.display_names import named, printable
from streams.domain.experiments.report import units
from streams.domain.messages import Money, shown
from streams.domain.money import every_currency, money
from streams.domain.replication import (
    PartitionReplicas,
    ReplicationState,
    TopicReplicas,
    judge_replication,
    least_of,
    partitions_short_of_copies,
    wanted_in_sync,
)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (959_940, "USD", "$9,599.40"),
        (-310, "EUR", "-€3.10"),
        (5, "GBP", "£0.05"),
        (1_234, "JPY", "JPY 1,234"),
        (-1_234, "JPY", "-JPY 1,234"),
        (1_500, "KWD", "KWD 1.500"),
        (1_500, "CHF", "CHF 15.00"),
        (0, "USD", "$0.00"),
        (-0.2, "USD", "$0.00"),
        (120.4, "USD", "$1.20"),
        (1_234_567, None, "12,345.67"),
    ],
)
def test_money_has_the_decimals_and_the_sign_of_its_currency(minor: float, currency: str | None, text: str) -> None:
    assert money(minor, currency) == text


@pytest.mark.parametrize(
    ("amounts", "text"), [({"USD": -5}, "-$0.05"), ({"CHF": 100, "EUR": 250}, "CHF 1.00 + €2.50"), ({}, "nothing")]
)
def test_several_currencies_stand_beside_each_other(amounts: dict[str, int], text: str) -> None:
    assert every_currency(amounts, "nothing") == text


def test_a_report_an_experiment_and_a_table_write_one_amount_alike() -> None:
    assert (
        units.mean("net_amount", 1_200, "JPY")
        == shown(Money(1_200, "JPY", whole=True))
        == money(1_200, "JPY")
        == "JPY 1,200"
    )


@pytest.mark.parametrize(
    "word",
    [
        *("ada@example.org", "ada%40example.org", "tel:+12125550123", "202-555-0147", "+1.202.555.0147"),
        *("x:1555:123:4567", "tel/202/555/0147", "team/2026-555-123-4567", "202_555_0147", "van/17/2012-155-512-3456"),
        *("victim-at-x.org", "list/victim.at.mail.x.org", "victim_AT_x-dot-org"),
        *("Ada Lovelace", "söurce", "\x1b[2J", "x" * 81, ""),
    ],
)
def test_what_is_no_name_is_not_shown(word: str) -> None:
    assert named(word) == "*"


@pytest.mark.parametrize(
    "word",
    [
        "digital/mailer",
        "https://digital/mailer-2",
        "email.opened",
        "van:17",
        "list/2012-11-06",
        "van/2012-11-07T10:00:00Z",
        "van/2012-11-07T10:00:00.123456+00:00",
        "donation-events/3/4711",
        "donation-events/12/2012-11-06",
        "gotv_2012_11_06_wave_12",
        "actblue:AB1-1",
        "canvass-at-home/shift.booked",
        "look-at-this",
    ],
)
def test_names_are_shown(word: str) -> None:
    assert named(word) == word


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("gotv-1", "gotv-1"),
        ("Für Ärzte 🎉", "Für Ärzte 🎉"),
        ("\x1b[2Jgone", "?[2Jgone"),
        ("two\r\nlines", "two??lines"),
        ("\u202eback\u2028", "?back?"),
    ],
)
def test_of_free_text_nothing_is_shown_that_a_terminal_obeys(text: str, seen: str) -> None:
    assert printable(text) == seen


# What is said of replicas, by what brokers say of leaders and copies.
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


# One class name means one thing in the whole domain, so that a reader needs no module name to know which.
ROOT = Path(streams.domain.__file__).parent


def test_no_two_modules_of_the_domain_define_a_public_class_of_the_same_name() -> None:
    homes = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}
