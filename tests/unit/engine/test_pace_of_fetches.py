"""A consumer fetches at once after a rest, and no more often than is worth it while much comes in."""

import asyncio
from types import SimpleNamespace

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState

from streams.engine.aiokafka_patches.fetch_requests import (
    AT_ONCE,
    EVERY_S,
    IDLE_WAIT_MS,
    REST_S,
    pace_fetches,
    rest_longer,
)

FIRST, SECOND = 1, 2
SHORT_MS = 50


class Consumer:
    """A fetcher of aiokafka's as far as the pace needs it, and a clock. `leading`: who leads each of its partitions."""

    def __init__(self, *leading: int | None) -> None:
        self.seconds, self.plans = 0.0, 0
        self.cluster: SimpleNamespace = SimpleNamespace(leader_for_partition=lambda tp: self.cluster._partitions[tp])
        self.fetcher = SimpleNamespace(
            _client=SimpleNamespace(cluster=self.cluster),
            _get_actions_per_node=self._plan,
            _fetch_max_wait_ms=SHORT_MS,
            _fetcher_timeout=0.2,
            _in_flight=set[int](),
            _records={},
        )
        self.assign(*leading)
        pace_fetches(self.fetcher, lambda: self.seconds)

    def assign(self, *leading: int | None) -> None:
        self.assignment = SimpleNamespace(tps=range(len(leading)))
        self.lead(*leading)

    def lead(self, *leading: int | None) -> None:
        """New metadata."""
        self.cluster._partitions = dict(enumerate(leading))

    def _plan(self, assignment: SimpleNamespace) -> object:
        self.plans += 1
        leading = {self.cluster.leader_for_partition(tp) for tp in assignment.tps}
        free = sorted(broker for broker in leading - self.fetcher._in_flight if broker is not None)
        return [(broker, self.fetcher._fetch_max_wait_ms) for broker in free], {}, 0.2, None in leading, []

    def asks(self) -> tuple[list[int], float]:
        """Which brokers it asks now, and in how many seconds it looks again at the latest."""
        requests, _, pause, _, _ = self.fetcher._get_actions_per_node(self.assignment)
        return [broker for broker, _ in requests], pause

    def waits_ms(self) -> int:
        """How long its next fetch waits for a record."""
        [(_, waits)], *_ = self.fetcher._get_actions_per_node(self.assignment)
        return int(waits)


def test_what_comes_all_the_time_is_fetched_together_after_a_pause() -> None:
    consumer = Consumer(FIRST)
    for _ in range(AT_ONCE):
        consumer.asks()

    brokers, pause = consumer.asks()

    assert (brokers, pause) == ([], EVERY_S)
    consumer.seconds += pause / 2
    brokers, left = consumer.asks()
    assert (brokers, left) == ([], EVERY_S / 2)
    consumer.seconds += pause / 2
    assert consumer.asks()[0] == [FIRST]
    assert consumer.asks()[0] == []


def test_however_long_the_rest_was_no_more_fetches_follow_each_other() -> None:
    consumer = Consumer(FIRST)
    consumer.seconds = 3_600.0

    asked = [consumer.asks()[0] for _ in range(AT_ONCE + 3)]

    assert asked == [[FIRST]] * AT_ONCE + [[]] * 3


def test_a_look_that_asks_nobody_takes_nothing_of_what_may_follow() -> None:
    consumer = Consumer()
    for _ in range(AT_ONCE + 1):
        consumer.asks()
    consumer.assign(FIRST)

    assert consumer.asks()[0] == [FIRST]


def test_nothing_is_planned_while_every_leader_has_a_fetch_to_answer() -> None:
    consumer = Consumer(FIRST, SECOND, FIRST)
    consumer.asks()

    consumer.fetcher._in_flight = {FIRST, SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([], 1)
    consumer.fetcher._in_flight = {SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([FIRST], 2)


def test_a_broker_that_leads_of_late_is_asked_while_the_former_one_does_not_answer() -> None:
    consumer = Consumer(FIRST)
    consumer.asks()
    consumer.fetcher._in_flight = {FIRST}

    consumer.lead(SECOND)

    assert consumer.asks()[0] == [SECOND]


def test_a_leader_that_is_not_known_is_asked_for_while_others_do_not_answer() -> None:
    consumer = Consumer(FIRST, None)
    consumer.fetcher._in_flight = {FIRST}

    *_, is_metadata_wanted, _ = consumer.fetcher._get_actions_per_node(consumer.assignment)

    assert is_metadata_wanted


def test_nothing_is_planned_either_once_a_broker_that_was_asked_leads_no_more() -> None:
    consumer = Consumer(FIRST, SECOND)
    consumer.asks()
    consumer.assign(SECOND)
    consumer.fetcher._in_flight = {SECOND}

    assert (consumer.asks()[0], consumer.plans) == ([], 1)


def test_a_fetch_waits_long_unless_records_wait_to_be_handed_on() -> None:
    consumer = Consumer(FIRST)

    assert consumer.waits_ms() == IDLE_WAIT_MS
    consumer.fetcher._records = {"a partition": "its records"}
    assert consumer.waits_ms() == SHORT_MS


async def test_a_consumer_that_hears_little_looks_less_often_than_aiokafka_does() -> None:
    client = SimpleNamespace(_loop=asyncio.get_running_loop(), _metadata_max_age_ms=1000)
    fetcher = Fetcher(client, SubscriptionState())
    before = fetcher._fetcher_timeout
    rest_longer(SimpleNamespace(_fetcher=fetcher))
    assert fetcher._fetcher_timeout == REST_S > before
    await fetcher.close()
